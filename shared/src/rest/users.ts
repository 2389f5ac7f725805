/** Answer of `GET /api/v1/users/balance` (spec 4.3), in credits; `freezed` is the document's spelling. */
export interface Balance {
  balance: number;
  freezed: number;
  available: number;
  todayUsed: number;
  monthUsed: number;
}

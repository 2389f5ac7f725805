-- Accounts: where a session was opened, API keys, throttles, and the list of fund records with what was frozen (spec 4.4).

ALTER TABLE sessions ADD COLUMN address TEXT;
--> statement-breakpoint
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
--> statement-breakpoint
-- Has this user signed in from there before? Others' failures do not keep them out then.
CREATE INDEX sessions_by_address ON sessions (user_id, address);
--> statement-breakpoint
CREATE INDEX sessions_by_expiry ON sessions (expire_time);
--> statement-breakpoint
CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  -- The first letters, to tell keys apart by
  prefix TEXT NOT NULL,
  -- SHA-256 of the key in hex; the key itself is shown once and never stored.
  hash TEXT NOT NULL UNIQUE,
  -- JSON array of read, generate, admin
  scopes TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  -- Written at most once a minute
  last_used_time INTEGER,
  revoke_time INTEGER
);
--> statement-breakpoint
CREATE INDEX api_keys_by_user ON api_keys (user_id);
--> statement-breakpoint
-- Token buckets of what is tried before anybody is known: logins, registrations. See edge/src/http/token-bucket.ts.
CREATE TABLE throttles (
  key TEXT PRIMARY KEY,
  -- When the bucket will be full again; after that the row says nothing
  full_at INTEGER NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX throttles_by_time ON throttles (full_at);
--> statement-breakpoint
-- What a hold did to the frozen credits, in a form that can be listed beside fund records. Its ids are in a range of
-- their own, so that no two lines of that list have the same.
CREATE TABLE hold_records (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES accounts (user_id),
  type TEXT NOT NULL CHECK (type IN ('FREEZE', 'UNFREEZE')),
  -- Signed change of the frozen credits; the balance stays
  frozen INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  reason TEXT NOT NULL,
  task_id TEXT NOT NULL REFERENCES tasks (id),
  create_time INTEGER NOT NULL
);
--> statement-breakpoint
INSERT INTO sqlite_sequence (name, seq) VALUES ('hold_records', 1000000000000);
--> statement-breakpoint
-- Holds from before this table.
INSERT INTO hold_records (user_id, type, frozen, balance, reason, task_id, create_time)
  SELECT h.user_id, 'FREEZE', h.amount,
    (SELECT coalesce(sum(amount), 0) FROM fund_records r WHERE r.user_id = h.user_id AND r.create_time <= h.create_time),
    '文生图生成', h.task_id, h.create_time
  FROM holds h ORDER BY h.create_time;
--> statement-breakpoint
INSERT INTO hold_records (user_id, type, frozen, balance, reason, task_id, create_time)
  SELECT h.user_id, 'UNFREEZE', -h.amount,
    (SELECT coalesce(sum(amount), 0) FROM fund_records r WHERE r.user_id = h.user_id AND r.create_time <= s.create_time),
    s.reason, h.task_id, s.create_time
  FROM settlements s JOIN holds h ON h.task_id = s.task_id WHERE s.kind = 'RELEASED' ORDER BY s.create_time;
--> statement-breakpoint
CREATE INDEX hold_records_by_user ON hold_records (user_id, create_time, id);
--> statement-breakpoint
CREATE INDEX hold_records_by_type ON hold_records (user_id, type, create_time, id);
--> statement-breakpoint
CREATE INDEX fund_records_by_type ON fund_records (user_id, type, create_time, id);
--> statement-breakpoint
CREATE TRIGGER hold_recorded AFTER INSERT ON holds BEGIN
  INSERT INTO hold_records (user_id, type, frozen, balance, reason, task_id, create_time)
    SELECT NEW.user_id, 'FREEZE', NEW.amount, a.balance,
      CASE t.type
        WHEN 'TEXT2IMG' THEN '文生图生成' WHEN 'IMG2IMG' THEN '图生图生成' WHEN 'UPSCALE' THEN '画质提升'
        WHEN 'POSE' THEN '姿势控制' WHEN 'TEXT2VIDEO' THEN '文生视频生成' ELSE '图生视频生成' END,
      NEW.task_id, NEW.create_time
    FROM accounts a JOIN tasks t ON t.id = NEW.task_id WHERE a.user_id = NEW.user_id;
END;
--> statement-breakpoint
-- A capture is told by its DEDUCT.
CREATE TRIGGER release_recorded AFTER INSERT ON settlements WHEN NEW.kind = 'RELEASED' BEGIN
  INSERT INTO hold_records (user_id, type, frozen, balance, reason, task_id, create_time)
    SELECT h.user_id, 'UNFREEZE', -h.amount, a.balance, NEW.reason, h.task_id, NEW.create_time
    FROM holds h JOIN accounts a ON a.user_id = h.user_id WHERE h.task_id = NEW.task_id;
END;
--> statement-breakpoint
CREATE TRIGGER hold_record_is_final BEFORE UPDATE ON hold_records BEGIN
  SELECT RAISE(ABORT, 'hold records are never changed');
END;
--> statement-breakpoint
-- How many records a user has of each type, so that no list has to count (spec 3.3, totalElements).
CREATE TABLE record_counts (
  user_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (user_id, type)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO record_counts (user_id, type, records)
  SELECT user_id, type, count(*) FROM fund_records GROUP BY user_id, type
  UNION ALL SELECT user_id, type, count(*) FROM hold_records GROUP BY user_id, type;
--> statement-breakpoint
CREATE TRIGGER fund_record_counted AFTER INSERT ON fund_records BEGIN
  INSERT INTO record_counts (user_id, type, records) VALUES (NEW.user_id, NEW.type, 1)
    ON CONFLICT DO UPDATE SET records = records + 1;
END;
--> statement-breakpoint
CREATE TRIGGER hold_record_counted AFTER INSERT ON hold_records BEGIN
  INSERT INTO record_counts (user_id, type, records) VALUES (NEW.user_id, NEW.type, 1)
    ON CONFLICT DO UPDATE SET records = records + 1;
END;

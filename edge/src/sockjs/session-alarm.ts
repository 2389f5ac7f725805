/** An alarm that is this much too early is moved; a little too early is cheaper than another write. */
const SLACK_MS = 60_000;

/** The part of an object's storage that is used. */
interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** The one alarm of a session, written as seldom as can be. One that rings early asks again. */
export class SessionAlarm {
  readonly #storage: AlarmStorage;
  /** When it rings, or null; undefined while that is not known. */
  #armedFor: number | null | undefined;
  #hasRung = false;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /** It rang: it is armed no more, whatever happens next. */
  rang(): void {
    this.#armedFor = null;
    this.#hasRung = true;
  }

  async arm(next: number | null): Promise<void> {
    const armed = await this.#armed();
    if (next === null || (armed !== null && armed <= next && next - armed < SLACK_MS)) return;
    this.#armedFor = next;
    await this.#storage.setAlarm(next);
  }

  /** The session is over. Who only asked in vain, and never had an alarm, has stored nothing either. */
  async clear(): Promise<void> {
    if ((await this.#armed()) === null && !this.#hasRung) return;
    this.#armedFor = null;
    this.#hasRung = false;
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  async #armed(): Promise<number | null> {
    if (this.#armedFor === undefined) this.#armedFor = await this.#storage.getAlarm();
    return this.#armedFor;
  }
}

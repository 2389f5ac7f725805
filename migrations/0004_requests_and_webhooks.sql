-- What API clients get beyond the document: deadlines of their own, repeats that are answered once, signed callbacks,
-- and the words that no prompt may hold.

-- A task that has not started, or not ended, by then ends with E008; null means the service's own deadlines alone.
ALTER TABLE tasks ADD COLUMN start_by INTEGER;
--> statement-breakpoint
ALTER TABLE tasks ADD COLUMN finish_by INTEGER;
--> statement-breakpoint
-- Told of the end by a signed POST
ALTER TABLE tasks ADD COLUMN callback_url TEXT;
--> statement-breakpoint
-- Written in the batch that creates the task: of two parallel repeats the second fails on the key, and with it its task.
CREATE TABLE idempotency_keys (
  user_id INTEGER NOT NULL REFERENCES users (id),
  key TEXT NOT NULL,
  -- Place in a batch; 0 for a single request
  item INTEGER NOT NULL,
  -- SHA-256 in hex of route and body
  body_hash TEXT NOT NULL,
  -- JSON: the envelope's `data`
  answer TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (user_id, key, item)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (create_time);
--> statement-breakpoint
-- Which of a user's derived secrets signs callbacks; a user without a row has version 0. The secret itself is not stored.
CREATE TABLE webhook_keys (
  user_id INTEGER PRIMARY KEY REFERENCES users (id),
  version INTEGER NOT NULL,
  rotate_time INTEGER NOT NULL
);
--> statement-breakpoint
-- One row per try of a callback.
CREATE TABLE webhook_deliveries (
  task_id TEXT NOT NULL REFERENCES tasks (id),
  -- 1 for the first
  attempt INTEGER NOT NULL,
  url TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  -- The receiver's answer; null when there was none, and `error` says why
  http_status INTEGER,
  error TEXT,
  -- When it is tried again; null when it arrived or was given up
  next_time INTEGER,
  PRIMARY KEY (task_id, attempt)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE blocked_words (
  word TEXT PRIMARY KEY,
  create_time INTEGER NOT NULL
) WITHOUT ROWID;

-- Tasks and what they cost. The database itself refuses what must not happen (docs/architecture.md, "Money"):
-- a balance below what is frozen, a second settlement, an end without a settlement, a change after the end.

CREATE TABLE models (
  name TEXT PRIMARY KEY,
  -- JSON array of task types
  types TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  -- Credits for the reference work of its kind, see edge/src/billing/price.ts
  price_credits INTEGER NOT NULL CHECK (price_credits >= 0)
);
--> statement-breakpoint
INSERT INTO models (name, types, price_credits) VALUES
  ('stable-diffusion-xl-base-1.0', '["TEXT2IMG","IMG2IMG"]', 10),
  ('stable-diffusion-v1-5', '["TEXT2IMG","IMG2IMG","POSE"]', 10),
  ('RealESRGAN', '["UPSCALE"]', 10),
  ('stable-video-diffusion', '["TEXT2VIDEO"]', 30),
  ('stable-video-diffusion-img2vid', '["IMG2VIDEO"]', 30),
  ('stargraph-scene', '["TEXT2IMG"]', 10);
--> statement-breakpoint
CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  type TEXT NOT NULL CHECK (type IN ('TEXT2IMG', 'IMG2IMG', 'UPSCALE', 'POSE', 'TEXT2VIDEO', 'IMG2VIDEO')),
  status TEXT NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  model TEXT NOT NULL,
  prompt TEXT NOT NULL,
  -- JSON: everything the engine is given, the prompt included
  parameters TEXT NOT NULL,
  cost INTEGER NOT NULL CHECK (cost >= 0),
  client_id TEXT,
  -- Which Dispatcher object has it: a pool ('public' or 'owner-<user id>') and a shard of it
  pool TEXT NOT NULL,
  shard INTEGER NOT NULL DEFAULT 0,
  -- The attempt that holds the lease: the only one that may end the task
  attempt_id TEXT,
  attempt_count INTEGER NOT NULL DEFAULT 0,
  create_time INTEGER NOT NULL,
  start_time INTEGER,
  complete_time INTEGER,
  -- JSON {engine, model} and JSON array of texts, from the attempt that completed it
  served_by TEXT,
  notes TEXT,
  -- A name of shared/src/errors.ts and the engine's own words
  error_name TEXT,
  error_message TEXT,
  CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (complete_time IS NOT NULL)),
  CHECK (status <> 'PROCESSING' OR (attempt_id IS NOT NULL AND start_time IS NOT NULL))
);
--> statement-breakpoint
CREATE INDEX tasks_by_user ON tasks (user_id, create_time, id);
--> statement-breakpoint
-- The work that is not done, for the sweep: stays small however long the history grows.
CREATE INDEX tasks_live ON tasks (pool, shard, create_time) WHERE status IN ('PENDING', 'PROCESSING');
--> statement-breakpoint
CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES tasks (id),
  number INTEGER NOT NULL,
  agent_id TEXT NOT NULL,
  agent_name TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  -- How it ended: COMPLETED, FAILED, LOST or CANCELLED; null while it runs
  outcome TEXT CHECK (outcome IN ('COMPLETED', 'FAILED', 'LOST', 'CANCELLED')),
  reason TEXT,
  UNIQUE (task_id, number)
);
--> statement-breakpoint
CREATE TABLE results (
  task_id TEXT NOT NULL REFERENCES tasks (id),
  position INTEGER NOT NULL,
  file_key TEXT NOT NULL UNIQUE,
  thumbnail_key TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  format TEXT NOT NULL CHECK (format IN ('PNG', 'JPEG', 'WEBP', 'MP4')),
  PRIMARY KEY (task_id, position)
) WITHOUT ROWID;
--> statement-breakpoint
-- How many tasks a user has of each kind and status, so that no list has to count (spec 3.3, totalElements).
CREATE TABLE task_counts (
  user_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  tasks INTEGER NOT NULL,
  PRIMARY KEY (user_id, type, status)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER task_counted AFTER INSERT ON tasks BEGIN
  INSERT INTO task_counts (user_id, type, status, tasks) VALUES (NEW.user_id, NEW.type, NEW.status, 1)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;
--> statement-breakpoint
CREATE TRIGGER task_recounted AFTER UPDATE OF status ON tasks WHEN OLD.status <> NEW.status BEGIN
  UPDATE task_counts SET tasks = tasks - 1 WHERE user_id = OLD.user_id AND type = OLD.type AND status = OLD.status;
  INSERT INTO task_counts (user_id, type, status, tasks) VALUES (NEW.user_id, NEW.type, NEW.status, 1)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;
--> statement-breakpoint
-- Credits. `balance` is what the user owns, `frozen` what running tasks hold; both move only by the triggers below.
CREATE TABLE accounts (
  user_id INTEGER PRIMARY KEY REFERENCES users (id),
  balance INTEGER NOT NULL DEFAULT 0,
  frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen >= 0),
  CONSTRAINT insufficient_credits CHECK (balance - frozen >= 0)
);
--> statement-breakpoint
CREATE TABLE fund_records (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES accounts (user_id),
  type TEXT NOT NULL CHECK (type IN ('RECHARGE', 'DEDUCT', 'REFUND', 'ADJUST', 'EARN')),
  -- Signed; the account's balance after it is in the same row
  amount INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  reason TEXT NOT NULL,
  task_id TEXT REFERENCES tasks (id),
  create_time INTEGER NOT NULL
);
--> statement-breakpoint
INSERT INTO sqlite_sequence (name, seq) VALUES ('fund_records', 10000);
--> statement-breakpoint
CREATE INDEX fund_records_by_user ON fund_records (user_id, create_time, id);
--> statement-breakpoint
CREATE UNIQUE INDEX one_deduct_per_task ON fund_records (task_id) WHERE type = 'DEDUCT';
--> statement-breakpoint
CREATE TRIGGER fund_record_chained BEFORE INSERT ON fund_records
WHEN NEW.balance IS NOT (SELECT balance + NEW.amount FROM accounts WHERE user_id = NEW.user_id) BEGIN
  SELECT RAISE(ABORT, 'fund record does not continue the balance');
END;
--> statement-breakpoint
CREATE TRIGGER fund_record_moves_balance AFTER INSERT ON fund_records BEGIN
  UPDATE accounts SET balance = balance + NEW.amount WHERE user_id = NEW.user_id;
END;
--> statement-breakpoint
CREATE TRIGGER fund_record_is_final BEFORE UPDATE ON fund_records BEGIN
  SELECT RAISE(ABORT, 'fund records are never changed');
END;
--> statement-breakpoint
CREATE TRIGGER fund_record_stays BEFORE DELETE ON fund_records BEGIN
  SELECT RAISE(ABORT, 'fund records are never deleted');
END;
--> statement-breakpoint
CREATE TABLE holds (
  task_id TEXT PRIMARY KEY REFERENCES tasks (id),
  user_id INTEGER NOT NULL REFERENCES accounts (user_id),
  amount INTEGER NOT NULL CHECK (amount >= 0),
  create_time INTEGER NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX holds_by_user ON holds (user_id, create_time);
--> statement-breakpoint
CREATE TRIGGER hold_freezes AFTER INSERT ON holds BEGIN
  UPDATE accounts SET frozen = frozen + NEW.amount WHERE user_id = NEW.user_id;
END;
--> statement-breakpoint
CREATE TRIGGER hold_is_final BEFORE UPDATE ON holds BEGIN
  SELECT RAISE(ABORT, 'holds are never changed');
END;
--> statement-breakpoint
-- The one end of a hold: captured whole or released whole. Inserted first in the batch that ends the task.
CREATE TABLE settlements (
  task_id TEXT PRIMARY KEY REFERENCES holds (task_id),
  kind TEXT NOT NULL CHECK (kind IN ('CAPTURED', 'RELEASED')),
  -- The attempt that ends the task; null when the task ends whatever its attempt does (cancel, deadline)
  attempt_id TEXT,
  -- Why, as the user reads it in the fund record
  reason TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  CHECK (kind = 'RELEASED' OR attempt_id IS NOT NULL)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER settlement_needs_live_task BEFORE INSERT ON settlements
WHEN NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.task_id AND status IN ('PENDING', 'PROCESSING')) BEGIN
  SELECT RAISE(ABORT, 'task is final');
END;
--> statement-breakpoint
CREATE TRIGGER settlement_needs_current_attempt BEFORE INSERT ON settlements
WHEN NEW.attempt_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.task_id AND status = 'PROCESSING' AND attempt_id = NEW.attempt_id) BEGIN
  SELECT RAISE(ABORT, 'attempt is not current');
END;
--> statement-breakpoint
CREATE TRIGGER settlement_unfreezes AFTER INSERT ON settlements BEGIN
  UPDATE accounts SET frozen = frozen - (SELECT amount FROM holds WHERE task_id = NEW.task_id)
    WHERE user_id = (SELECT user_id FROM holds WHERE task_id = NEW.task_id);
  INSERT INTO fund_records (user_id, type, amount, balance, reason, task_id, create_time)
    SELECT h.user_id, 'DEDUCT', -h.amount, a.balance - h.amount, NEW.reason, h.task_id, NEW.create_time
    FROM holds h JOIN accounts a ON a.user_id = h.user_id
    WHERE h.task_id = NEW.task_id AND NEW.kind = 'CAPTURED';
END;
--> statement-breakpoint
CREATE TRIGGER settlement_is_final BEFORE UPDATE ON settlements BEGIN
  SELECT RAISE(ABORT, 'settlements are never changed');
END;
--> statement-breakpoint
CREATE TRIGGER task_is_final BEFORE UPDATE OF status, attempt_id ON tasks
WHEN OLD.status IN ('COMPLETED', 'FAILED', 'CANCELLED') BEGIN
  SELECT RAISE(ABORT, 'task is final');
END;
--> statement-breakpoint
CREATE TRIGGER task_end_needs_settlement BEFORE UPDATE OF status ON tasks
WHEN NEW.status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND NOT EXISTS (
  SELECT 1 FROM settlements WHERE task_id = NEW.id
    AND kind = CASE NEW.status WHEN 'COMPLETED' THEN 'CAPTURED' ELSE 'RELEASED' END) BEGIN
  SELECT RAISE(ABORT, 'task end without its settlement');
END;
--> statement-breakpoint
-- A task may start, be handed on to another attempt, or go back to waiting; only while it is live.
CREATE TRIGGER attempt_needs_live_task BEFORE INSERT ON attempts
WHEN NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.task_id AND status = 'PENDING') BEGIN
  SELECT RAISE(ABORT, 'task is not waiting');
END;

-- What owners and administrators see and do: agents that have connected, totals that no list has to count, the audit log.

-- One row per agent that ever said hello. Whether it is connected now is known to its Dispatcher alone.
CREATE TABLE agents (
  -- '<key id>.<its own id>'
  id TEXT PRIMARY KEY,
  key_id INTEGER NOT NULL REFERENCES agent_keys (id),
  user_id INTEGER NOT NULL REFERENCES users (id),
  pool TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  slots INTEGER NOT NULL,
  -- JSON array of what it offers, as in its hello
  models TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  connect_time INTEGER NOT NULL
);
--> statement-breakpoint
CREATE INDEX agents_by_user ON agents (user_id, create_time, id);
--> statement-breakpoint
CREATE INDEX agents_by_time ON agents (create_time, id);
--> statement-breakpoint
CREATE INDEX agents_by_key ON agents (key_id);
--> statement-breakpoint
-- How many attempts of each agent came to what end.
CREATE TABLE agent_totals (
  agent_id TEXT PRIMARY KEY,
  completed INTEGER NOT NULL,
  failed INTEGER NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO agent_totals (agent_id, completed, failed)
  SELECT agent_id, sum(outcome = 'COMPLETED'), sum(outcome IN ('FAILED', 'LOST')) FROM attempts
  WHERE outcome IS NOT NULL GROUP BY agent_id;
--> statement-breakpoint
CREATE TRIGGER attempt_totalled AFTER UPDATE OF outcome ON attempts
WHEN OLD.outcome IS NULL AND NEW.outcome IN ('COMPLETED', 'FAILED', 'LOST') BEGIN
  INSERT INTO agent_totals (agent_id, completed, failed)
    VALUES (NEW.agent_id, NEW.outcome = 'COMPLETED', NEW.outcome <> 'COMPLETED')
    ON CONFLICT DO UPDATE SET completed = completed + excluded.completed, failed = failed + excluded.failed;
END;
--> statement-breakpoint
-- How many result files a user has, so that their list has its total (spec 3.3) without counting.
CREATE TABLE result_totals (
  user_id INTEGER PRIMARY KEY,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
--> statement-breakpoint
INSERT INTO result_totals (user_id, files, bytes)
  SELECT t.user_id, count(*), sum(r.size_bytes) FROM results r JOIN tasks t ON t.id = r.task_id GROUP BY t.user_id;
--> statement-breakpoint
CREATE TRIGGER result_totalled AFTER INSERT ON results BEGIN
  INSERT INTO result_totals (user_id, files, bytes)
    VALUES ((SELECT user_id FROM tasks WHERE id = NEW.task_id), 1, NEW.size_bytes)
    ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;
--> statement-breakpoint
CREATE TRIGGER result_untotalled AFTER DELETE ON results BEGIN
  UPDATE result_totals SET files = files - 1, bytes = bytes - OLD.size_bytes
    WHERE user_id = (SELECT user_id FROM tasks WHERE id = OLD.task_id);
END;
--> statement-breakpoint
ALTER TABLE models ADD COLUMN create_time INTEGER NOT NULL DEFAULT 0;
--> statement-breakpoint
-- Lists of everybody's tasks and users, newest first.
CREATE INDEX tasks_by_time ON tasks (create_time, id);
--> statement-breakpoint
CREATE INDEX tasks_by_status ON tasks (status, create_time, id);
--> statement-breakpoint
CREATE INDEX users_by_time ON users (create_time, id);
--> statement-breakpoint
CREATE INDEX agent_keys_by_time ON agent_keys (create_time, id);
--> statement-breakpoint
-- A captured charge is returned whole, to whom it was taken from, and once.
CREATE UNIQUE INDEX one_refund_per_task ON fund_records (task_id) WHERE type = 'REFUND';
--> statement-breakpoint
CREATE TRIGGER refund_returns_a_charge BEFORE INSERT ON fund_records
WHEN NEW.type = 'REFUND' AND NOT EXISTS (
  SELECT 1 FROM fund_records
  WHERE task_id = NEW.task_id AND type = 'DEDUCT' AND user_id = NEW.user_id AND amount = -NEW.amount) BEGIN
  SELECT RAISE(ABORT, 'refund without its charge');
END;
--> statement-breakpoint
-- Every write of an administrator: who, what, before, after.
CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  admin_id INTEGER NOT NULL REFERENCES users (id),
  action TEXT NOT NULL,
  -- What was changed: 'user:1002', 'model:stable-diffusion-v1-5'
  target TEXT NOT NULL,
  -- JSON of the fields that changed; null where there was or is nothing
  before TEXT,
  after TEXT,
  request_id TEXT NOT NULL,
  create_time INTEGER NOT NULL
);
--> statement-breakpoint
CREATE INDEX audit_log_by_time ON audit_log (create_time, id);
--> statement-breakpoint
CREATE INDEX audit_log_by_target ON audit_log (target, create_time, id);
--> statement-breakpoint
CREATE TRIGGER audit_log_is_final BEFORE UPDATE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'the audit log is never changed');
END;
--> statement-breakpoint
CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'the audit log is never deleted from');
END;
--> statement-breakpoint
CREATE INDEX tasks_by_input ON tasks (input_id) WHERE input_id IS NOT NULL;

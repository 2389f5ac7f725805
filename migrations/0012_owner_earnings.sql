-- What the owner of an agent earns for a completed task: a share of its price, credited in the batch that charges for it.

CREATE UNIQUE INDEX one_earning_per_task ON fund_records (task_id) WHERE type = 'EARN';
--> statement-breakpoint
-- Behind the capture of the same batch, for the owner of the key of the agent that completed it, and no more than was charged.
-- An agent's id is '<key id>.<its own id>', of which the cast reads the first number.
CREATE TRIGGER earning_shares_a_charge BEFORE INSERT ON fund_records
WHEN NEW.type = 'EARN' AND NOT EXISTS (
  SELECT 1 FROM settlements s
  JOIN holds h ON h.task_id = s.task_id
  JOIN attempts a ON a.id = s.attempt_id
  JOIN agent_keys k ON k.id = CAST(a.agent_id AS INTEGER)
  WHERE s.task_id = NEW.task_id AND s.kind = 'CAPTURED' AND k.user_id = NEW.user_id AND NEW.amount BETWEEN 1 AND h.amount) BEGIN
  SELECT RAISE(ABORT, 'earning without its charge');
END;
--> statement-breakpoint
-- By UTC day, so that nobody adds up records to say what an owner earned today.
CREATE TABLE earning_days (
  user_id INTEGER NOT NULL REFERENCES users (id),
  -- Days since 1970-01-01
  day INTEGER NOT NULL,
  credits INTEGER NOT NULL,
  PRIMARY KEY (user_id, day)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER earning_counted AFTER INSERT ON fund_records WHEN NEW.type = 'EARN' BEGIN
  INSERT INTO earning_days (user_id, day, credits) VALUES (NEW.user_id, NEW.create_time / 86400000, NEW.amount)
    ON CONFLICT DO UPDATE SET credits = credits + excluded.credits;
END;

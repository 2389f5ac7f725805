-- What was deducted from a user on each UTC day, so that a balance sums at most a month of days, not a month of tasks
-- (spec 4.3, todayUsed and monthUsed).
CREATE TABLE daily_deducts (
  user_id INTEGER NOT NULL,
  -- Days since 1970-01-01
  day INTEGER NOT NULL,
  -- Credits; positive
  deducted INTEGER NOT NULL,
  PRIMARY KEY (user_id, day)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO daily_deducts (user_id, day, deducted)
  SELECT user_id, create_time / 86400000, -sum(amount) FROM fund_records WHERE type = 'DEDUCT' GROUP BY 1, 2;
--> statement-breakpoint
-- Records are never changed or deleted, so this is all that ever happens to a day.
CREATE TRIGGER deduct_counted AFTER INSERT ON fund_records WHEN NEW.type = 'DEDUCT' BEGIN
  INSERT INTO daily_deducts (user_id, day, deducted) VALUES (NEW.user_id, NEW.create_time / 86400000, -NEW.amount)
    ON CONFLICT DO UPDATE SET deducted = deducted + excluded.deducted;
END;

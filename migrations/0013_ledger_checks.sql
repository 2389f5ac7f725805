-- The scheduled check of all accounts: where it is, or how the last one ended. One row.
CREATE TABLE ledger_check (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  start_time INTEGER NOT NULL,
  -- Null while it is under way
  end_time INTEGER,
  -- Accounts up to this user have been looked at
  checked_to INTEGER NOT NULL,
  accounts INTEGER NOT NULL,
  faults INTEGER NOT NULL,
  -- JSON array of the users whose accounts do not add up, the first of them
  user_ids TEXT NOT NULL
);

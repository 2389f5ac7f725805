-- What a model needs of a GPU's memory, in bytes; NULL where nobody said it, and then no agent is too small for it.

ALTER TABLE models ADD COLUMN memory_bytes INTEGER CHECK (memory_bytes > 0);

-- A long history: ?1 tasks of user ?2, one a minute before ?3 (Unix milliseconds), of every type; of ten, eight
-- completed, one failed, one was cancelled. Written past the ledger, whose triggers guard what happens, not what is told.
INSERT INTO tasks (id, user_id, type, status, model, prompt, parameters, cost, pool, shard, attempt_count, create_time, start_time, complete_time)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
SELECT
  printf('t2i_20200101_%018d', ?2 * 1000000 + i),
  ?2,
  CASE i % 6 WHEN 0 THEN 'TEXT2IMG' WHEN 1 THEN 'IMG2IMG' WHEN 2 THEN 'UPSCALE' WHEN 3 THEN 'POSE' WHEN 4 THEN 'TEXT2VIDEO' ELSE 'IMG2VIDEO' END,
  CASE i % 10 WHEN 0 THEN 'FAILED' WHEN 1 THEN 'CANCELLED' ELSE 'COMPLETED' END,
  'stable-diffusion-xl-base-1.0',
  'a cat in a garden, number ' || i,
  '{"prompt":"a cat in a garden","width":1024,"height":1024,"steps":30,"seed":7}',
  1 + i % 40,
  'public',
  0,
  1,
  ?3 - (?1 - i) * 60000,
  ?3 - (?1 - i) * 60000 + 1000,
  ?3 - (?1 - i) * 60000 + 20000 + (i * 7919) % 40000
FROM n

-- A vacuum of the queue reads all of it and both of its indexes: of a million rows for half a second, beside the
-- deliveries. It comes once a tenth is deleted, not a fiftieth; claims go on behind what is deleted. `backlog`, in which
-- no more is deleted: 0.938 (0.88 to 1.01) instead of 0.916 (0.82 to 1.07), thirteen alternated runs each; `drain` of
-- 600,000 the same, even with a fifth (32,740, 31,760, 31,110 and 33,170, 31,370, 30,260/s).
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.1);

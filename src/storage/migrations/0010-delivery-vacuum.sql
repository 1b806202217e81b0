-- A vacuum of the queue reads all of it and both of its indexes: of a million rows for half a second, beside the
-- deliveries. It comes once a tenth is deleted, not a fiftieth; claims go on behind what is deleted. `backlog` 0.967
-- (0.925 to 1.011) instead of 0.916 (0.856 to 1.016), seven alternated runs each, in which no more of it is deleted;
-- `drain` of 600,000 the same with a fifth (32,740, 31,760, 31,110 and 33,170, 31,370, 30,260/s).
ALTER TABLE delivery SET (autovacuum_vacuum_scale_factor = 0.1);

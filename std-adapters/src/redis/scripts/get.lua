-- Reads a counter.
-- Reply: the counter, the milliseconds until it is over, -1 if that is never.
return { count, left }

-- Reads a counter.
-- ARGV[1]: the milliseconds that a window lasts, -1 if they are not known.
-- Reply: the counter, the milliseconds until it is over, -1 if that is never.
return { read(tonumber(ARGV[1])) }

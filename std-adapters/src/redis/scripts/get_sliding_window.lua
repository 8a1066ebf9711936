-- Reads a sliding window counter.
-- ARGV[1]: the period in milliseconds.
-- Reply: the previous counter, the milliseconds until it is over, the current
-- counter, the milliseconds until it is over.
local previous, previous_left, current, current_left = read_windows(tonumber(ARGV[1]))
return { previous, previous_left, current, current_left }

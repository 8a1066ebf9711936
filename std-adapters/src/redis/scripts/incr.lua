-- Adds to a counter, unless that would pass a ceiling.
-- ARGV[2]: the units to add; 0 adds none and changes nothing.
-- ARGV[3]: the ceiling, -1 if there is none.
-- ARGV[4]: 1 if every call moves the end of a running window.
-- Reply: whether the units were added (1 or 0), the counter, the milliseconds
-- until it is over.
local amount, ceiling = tonumber(ARGV[2]), tonumber(ARGV[3])
local applied = ceiling == -1 or count + amount <= ceiling

if amount > 0 and applied and count == 0 then
  call('SET', key, ARGV[2], 'PX', ARGV[1])
  count, left = amount, period
elseif amount > 0 then
  if applied then
    count = math.min(call('INCRBY', key, ARGV[2]), MOST)
  end
  -- A clock that went back doesn't shorten a window.
  if ARGV[4] == '1' and count ~= 0 and left < period then
    call('PEXPIRE', key, period)
    left = period
  end
end
return { applied and 1 or 0, count, left }

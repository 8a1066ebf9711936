
-- Settles a charge in a moving window.
-- KEYS, and ARGV[4] and after: those of an ask. ARGV[1]: when the hit's units are released.
-- ARGV[2] and ARGV[3]: the units to give back and those to take, one of which is 0.
-- Reply: the units given back, -1 if units were taken.

-- Puts entries of one instant before those of it that begin at an index.
local function insert(key, entry, count, index)
  local newer = index > 0 and call('LRANGE', key, 0, index - 1) or {}
  call('LTRIM', key, index, -1)
  push(key, entry, count)
  for place = 1, math.floor(index / 2) do
    local other = index + 1 - place
    newer[place], newer[other] = newer[other], newer[place]
  end
  for pushed = 0, index - 1, CHUNK do
    call('LPUSH', key, unpack(newer, pushed + 1, math.min(pushed + CHUNK, index)))
  end
end

local key, amount, period = KEYS[1], tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, back, more = ARGV[1] - period, tonumber(ARGV[2]), tonumber(ARGV[3])
local entry = entry_of(taken)
if taken + period <= clock() then
  return 0
elseif back > 0 then
  return call('LREM', key, back, entry)
end
local index = later_than(key, taken, call('LLEN', key))
if call('LINDEX', key, index) ~= entry then
  return 0
end
-- Of one hit those beyond the amount would change no decision.
insert(key, entry, math.min(more, amount), index)
-- Nor would those beyond the newest of the amount, of which so many at most may be given
-- back: their charges were admitted together.
call('LTRIM', key, 0, 2 * amount - 1)
return -1

-- What the scripts on counters share: those of fixed windows and of sliding ones.

local call = redis.call

-- The most a counter is taken for: a double counts to there and no further.
local MOST = 2 ^ 53

-- Tells the number of a counter; any other text ends the script.
local function number(text)
  local count = tonumber(text)
  -- Nor is infinity, whose rest is no number.
  if not count or count % 1 ~= 0 then
    error('not a counter')
  end
  return math.min(count, MOST)
end

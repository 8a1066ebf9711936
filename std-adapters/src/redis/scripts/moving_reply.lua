-- How the scripts on moving windows end.
-- Reply: whether the cost fits (1 or 0), the units in use, the microseconds until
-- the oldest is released, those until the cost fits.
local reset, retry = 0, 0
if used > 0 then
  reset = math.max(oldest + period - now, 0)
  if not fits then
    retry = math.max(taken_at(math.max(amount - cost, 0)) + period - now, 0)
  end
end
return { fits and 1 or 0, used, reset, retry }

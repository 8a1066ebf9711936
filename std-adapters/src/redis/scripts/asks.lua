
-- Asks each of several windows, of any kinds, whether its units fit.
-- KEYS: those of the asks, one after the other. ARGV[2] and after: their arguments.

-- The kinds, with how many of KEYS and of ARGV an ask takes.
local kinds = {
  fixed = { fixed, 1, 6 },
  sliding = { sliding, 2, 5 },
  moving = { moving, 1, 5 },
  gcra = { gcra, 1, 8 },
}

local asks, replies = {}, {}
do
  local k, a = 1, 2
  while ARGV[a] do
    local ask, keys, arguments = unpack(kinds[ARGV[a]])
    asks[#asks + 1] = { ask, k, a }
    replies[#replies + 1] = ask(k, a, false)
    k, a = k + keys, a + arguments
  end
end

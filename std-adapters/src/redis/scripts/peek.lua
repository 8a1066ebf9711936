
-- Finds out whether units fit one window.
-- KEYS and ARGV: those of an ask of its kind. Reply: the kind's.
return kind(1, 1, false)

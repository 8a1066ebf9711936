-- Reads a moving window.
-- Reply: that of the window.
return reply()

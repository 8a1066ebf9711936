//! What a radio's firmware builds on: airtime within every hour, reservations, blocks.

mod duty;

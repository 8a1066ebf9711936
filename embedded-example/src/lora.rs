//! Airtime of `LoRa` frames.

use embassy_time::Duration;
use lora_modulation::{Bandwidth, BaseBandModulationParams, CodingRate, SpreadingFactor};

/// What the airtime of a frame depends on, at 125 kHz and a coding rate of 4/5.
#[derive(Clone, Copy, Debug, defmt::Format)]
pub struct Frame {
    /// 7 to 12; others count as 12, the slowest.
    pub spreading_factor: u8,
    /// The length of the payload.
    pub bytes: u8,
}

/// Tells how long a frame is on air (Semtech AN1200.13), with a preamble of 8
/// symbols and a header.
#[must_use]
pub fn time_on_air(frame: Frame) -> Duration {
    let spreading_factor = match frame.spreading_factor {
        7 => SpreadingFactor::_7,
        8 => SpreadingFactor::_8,
        9 => SpreadingFactor::_9,
        10 => SpreadingFactor::_10,
        11 => SpreadingFactor::_11,
        _ => SpreadingFactor::_12,
    };
    let modulation =
        BaseBandModulationParams::new(spreading_factor, Bandwidth::_125KHz, CodingRate::_4_5);
    let micros = modulation.time_on_air_us(Some(8), true, frame.bytes);
    Duration::from_micros(micros.into())
}

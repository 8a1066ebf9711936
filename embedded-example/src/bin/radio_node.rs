//! A `LoRa` node that keeps within the duty cycles of EU868.
//!
//! The law limits the time on air: in every hour 0.1 %, 1 % or 10 % of it,
//! depending on the sub-band (ETSI EN 300 220). So the cost of a frame is its
//! airtime in milliseconds, and the window is an [`AirtimeWindow`], which holds
//! in every hour and not only on average: a token bucket of an hour's budget
//! passes nearly twice that in some hour.
//!
//! - **Reserve, then commit or cancel.** A frame's airtime is set aside before it
//!   is sent, so what waits for the radio counts already. What went out counts,
//!   also of a frame that was cut off; one that never started is cancelled.
//!   If the task were dropped while the radio sends, all of it would count.
//! - **A tenth is kept back** for acknowledgements and alarms: other frames have a limit of nine
//!   tenths on the same key, so on the same window.
//! - **Sleep exactly.** A refused frame says when it fits; the node sleeps until
//!   then, once, however long that is.
//!
//! The run is four hours of virtual time; at the end a log of its own, kept by
//! the radio, is searched for an hour with too much airtime.

#![no_std]
#![no_main]

use core::cell::RefCell;

use embassy_executor::Spawner;
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Ticker, Timer};
use heapless::Vec;
use limits_core::{AirtimeRateLimiter, AirtimeWindow, EmbassyClock, RateLimitItem, TableStorage};
use limits_firmware::lora::{Frame, time_on_air};

const HOUR_MS: u64 = 3_600_000;

/// The sub-bands of EU868 that the node uses, and the share of an hour that
/// each may be on air.
#[derive(Clone, Copy, PartialEq, defmt::Format)]
enum Band {
    /// 868.7 to 869.2 MHz: 0.1 %.
    N,
    /// 868.0 to 868.6 MHz: 1 %.
    M,
    /// 869.4 to 869.65 MHz: 10 %.
    P,
}

impl Band {
    const ALL: [Self; 3] = [Self::N, Self::M, Self::P];

    const fn budget_ms(self) -> u64 {
        match self {
            Self::N => HOUR_MS / 1_000,
            Self::M => HOUR_MS / 100,
            Self::P => HOUR_MS / 10,
        }
    }
}

#[derive(Clone, Copy, PartialEq, defmt::Format)]
enum Purpose {
    Measurement,
    Acknowledgement,
    Alarm,
}

impl Purpose {
    /// Nine tenths of the budget for measurements, all of it for what can't wait.
    const fn limit(self, band: Band) -> RateLimitItem<'static> {
        match self {
            Self::Measurement => RateLimitItem::per_hour(band.budget_ms() / 10 * 9),
            Self::Acknowledgement | Self::Alarm => RateLimitItem::per_hour(band.budget_ms()),
        }
    }
}

/// 16 buckets of 225 seconds: 112 bytes a band, and airtime counts for at most
/// 225 seconds longer than an hour.
type Airtime = TableStorage<CriticalSectionRawMutex, u8, AirtimeWindow<16>, 3>;

static AIRTIME: Airtime = Airtime::new();
static RADIO: Mutex<CriticalSectionRawMutex, Radio> = Mutex::new(Radio { frames: 0 });
static ON_AIR: CriticalSectionMutex<RefCell<AirLog>> =
    CriticalSectionMutex::new(RefCell::new(AirLog(Vec::new())));
static OVER: Signal<CriticalSectionRawMutex, ()> = Signal::new();

const END: Instant = Instant::from_secs(4 * 3_600);

/// Sends measurements as often as told, on the band that is meant for it.
#[embassy_executor::task(pool_size = 3)]
async fn measure(band: Band, frame: Frame, every: Duration) {
    let mut ticker = Ticker::every(every);
    loop {
        ticker.next().await;
        send(band, Purpose::Measurement, frame).await;
        // Measurements that were due during the wait are not made up for.
        if Instant::now() > END {
            OVER.signal(());
        }
        ticker.reset_at(last_due(every));
    }
}

/// Tells when the last of the ticks was due, so that the next is in step.
fn last_due(every: Duration) -> Instant {
    let now = Instant::now().as_ticks();
    Instant::from_ticks(now - now % every.as_ticks())
}

/// Acknowledges a message from the gateway now and then.
#[embassy_executor::task]
async fn acknowledge() {
    let mut ticker = Ticker::every(Duration::from_secs(557));
    loop {
        ticker.next().await;
        let frame = Frame {
            spreading_factor: 9,
            bytes: 12,
        };
        send(Band::M, Purpose::Acknowledgement, frame).await;
    }
}

/// Sends a burst of alarms two hours in, when the measurements of the band are
/// long waiting for airtime.
#[embassy_executor::task]
async fn alarm() {
    Timer::at(Instant::from_secs(2 * 3_600)).await;
    for number in 1..=3 {
        defmt::info!("alarm {}", number);
        send(
            Band::M,
            Purpose::Alarm,
            Frame {
                spreading_factor: 9,
                bytes: 20,
            },
        )
        .await;
    }
}

/// Sends a frame as soon as the band has airtime for it.
async fn send(band: Band, purpose: Purpose, frame: Frame) {
    let limiter = AirtimeRateLimiter::with_clock(&AIRTIME, EmbassyClock);
    let limit = purpose.limit(band);
    let cost = time_on_air(frame).as_millis() + 1;
    let mut reservation = loop {
        match defmt::unwrap!(limiter.reserve(&limit, band as u8, cost)) {
            Ok(reservation) => break reservation,
            Err(refused) => {
                let at = defmt::unwrap!(refused.retry_at(), "longer than the budget");
                let at = EmbassyClock::instant(at);
                let wait = at - Instant::now();
                defmt::info!(
                    "{} {}: {} ms left, waits {} s",
                    band,
                    purpose,
                    refused.remaining(),
                    (wait.as_millis() + 500) / 1_000
                );
                Timer::at(at).await;
            }
        }
    };
    let mut radio = RADIO.lock().await;
    reservation.start();
    let sent = radio.transmit(band, frame).await;
    defmt::unwrap!(match sent {
        Ok(()) => reservation.commit(cost),
        Err(RadioError::CutOff { on_air }) => reservation.commit(on_air.as_millis() + 1),
        Err(RadioError::NotSent) => reservation.cancel(),
    });
}

/// A radio that fails now and then.
struct Radio {
    frames: u32,
}

enum RadioError {
    /// Nothing went out: the channel was busy.
    NotSent,
    /// A part went out.
    CutOff { on_air: Duration },
}

impl Radio {
    async fn transmit(&mut self, band: Band, frame: Frame) -> Result<(), RadioError> {
        self.frames += 1;
        let airtime = time_on_air(frame);
        match self.frames % 16 {
            5 => Err(RadioError::NotSent),
            11 => {
                let on_air = airtime / 2;
                self.send(band, on_air).await;
                Err(RadioError::CutOff { on_air })
            }
            _ => {
                self.send(band, airtime).await;
                Ok(())
            }
        }
    }

    async fn send(&mut self, band: Band, airtime: Duration) {
        let start = Instant::now();
        Timer::at(start + airtime).await;
        ON_AIR.lock(|log| log.borrow_mut().add(band, start, airtime));
    }
}

/// What was on air during the last hour, for the check only.
struct AirLog(Vec<(Band, Instant, Duration), 192>);

impl AirLog {
    fn add(&mut self, band: Band, start: Instant, airtime: Duration) {
        let hour_ago = Instant::now().saturating_sub(Duration::from_secs(3_600));
        self.0
            .retain(|(_, start, airtime)| *start + *airtime > hour_ago);
        defmt::unwrap!(self.0.push((band, start, airtime)).ok(), "the log is full");
        // Every hour that ends with a frame: no other hour has more.
        for band in Band::ALL {
            let in_band = self.0.iter().filter(|(of, ..)| *of == band);
            let within = in_band.map(|(_, start, airtime)| {
                let since = *start + *airtime - hour_ago;
                since.min(*airtime).as_micros()
            });
            let on_air: u64 = within.sum();
            defmt::assert!(
                on_air <= band.budget_ms() * 1_000,
                "{}: {} us",
                band,
                on_air
            );
        }
    }
}

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(spawner: Spawner) {
    limits_firmware::init();
    let small = Frame {
        spreading_factor: 9,
        bytes: 16,
    };
    let medium = Frame {
        spreading_factor: 10,
        bytes: 32,
    };
    let large = Frame {
        spreading_factor: 12,
        bytes: 51,
    };
    spawner.spawn(defmt::unwrap!(
        measure(Band::N, small, Duration::from_secs(151)).ok()
    ));
    spawner.spawn(defmt::unwrap!(
        measure(Band::M, medium, Duration::from_secs(29)).ok()
    ));
    spawner.spawn(defmt::unwrap!(
        measure(Band::P, large, Duration::from_secs(83)).ok()
    ));
    spawner.spawn(defmt::unwrap!(acknowledge().ok()));
    spawner.spawn(defmt::unwrap!(alarm().ok()));
    OVER.wait().await;
    let frames = RADIO.lock().await.frames;
    defmt::info!(
        "{} frames, and no hour with more airtime than allowed",
        frames
    );
    limits_firmware::exit(0)
}

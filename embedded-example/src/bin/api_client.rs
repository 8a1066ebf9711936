//! An API client that keeps within the server's limits and its `Retry-After`.
//!
//! Each endpoint allows `5/second; 100/minute`. A request has to pass both: one
//! hit takes from both limits or from none, and a refusal names the instant at
//! which both let it pass. When the server answers 429 all the same, since other
//! devices share its limits, the endpoint is blocked until the instant that
//! `Retry-After` names, whatever is left of the limits here.
//!
//! The two endpoints have tasks of their own: a block of one does not stop the
//! other. The run is two minutes of virtual time against a server that answers
//! 429 to one of the requests and finds out whether its `Retry-After` is kept.

#![no_std]
#![no_main]

use core::cell::Cell;

use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_time::{Duration, Instant, Timer, with_deadline};
use limits_core::window::Fixed;
use limits_core::{
    Ask, Blocks, Clock, Decision, EmbassyClock, FixedWindow, FixedWindowRateLimiter, Guarded,
    Limit, Micros, RateLimitItem, TableError, TableStorage,
};

/// The limits of every endpoint.
const LIMITS: [RateLimitItem<'_>; 2] =
    [RateLimitItem::per_second(5), RateLimitItem::per_minute(100)];
const ENDPOINTS: usize = 2;
const END: Instant = Instant::from_secs(120);

/// A window for each endpoint and limit, so the key tells both.
type Windows =
    TableStorage<CriticalSectionRawMutex, (u8, Limit), FixedWindow, { ENDPOINTS * LIMITS.len() }>;
/// A block holds for all limits of an endpoint, so the key leaves them out.
type Paused = Blocks<CriticalSectionRawMutex, u8, ENDPOINTS>;
type Limiter<'a> = FixedWindowRateLimiter<Guarded<&'a Windows, &'a Paused>, EmbassyClock>;

struct Client<'a> {
    limiter: Limiter<'a>,
    server: Server,
}

impl Client<'_> {
    /// Sends requests to an endpoint as fast as it may, until the end.
    async fn run(&self, endpoint: u8) -> Result<(), TableError> {
        while self.take(endpoint).await? {
            if let Err(TooManyRequests { retry_after }) = self.server.request(endpoint) {
                defmt::warn!(
                    "endpoint {}: 429, retry after {} s",
                    endpoint,
                    retry_after.as_secs()
                );
                let now = EmbassyClock.now();
                let until = now.saturating_add(Micros::from_micros(retry_after.as_micros()));
                // The key leaves the limit out, so this holds for both.
                let storage = self.limiter.storage();
                storage.block_until(&LIMITS[0], endpoint, until, now)?;
            }
        }
        Ok(())
    }

    /// Takes one request from every limit of the endpoint, asleep until they have
    /// one; tells whether they ever will.
    async fn take(&self, endpoint: u8) -> Result<bool, TableError> {
        let asks = LIMITS
            .each_ref()
            .map(|item| Ask::new(Fixed, item, endpoint, 1));
        loop {
            let hit = self.limiter.hit_all(&asks).await?;
            if hit.allowed() {
                return Ok(true);
            }
            let Some(at) = hit.binding().and_then(Decision::retry_at) else {
                return Ok(false);
            };
            Timer::at(EmbassyClock::instant(at)).await;
        }
    }
}

/// The other side: one of its answers is a 429 although this client kept within
/// the limits.
#[derive(Default)]
struct Server {
    accepted: [Cell<u32>; ENDPOINTS],
    paused_until: [Cell<Option<Instant>>; ENDPOINTS],
}

struct TooManyRequests {
    retry_after: Duration,
}

impl Server {
    fn request(&self, endpoint: u8) -> Result<(), TooManyRequests> {
        let number = usize::from(endpoint);
        let paused_until = self.paused_until[number].take();
        defmt::assert!(
            paused_until <= Some(Instant::now()),
            "Retry-After was not honoured"
        );
        let accepted = self.accepted[number].get() + 1;
        self.accepted[number].set(accepted);
        if endpoint == 1 && accepted == 42 {
            let retry_after = Duration::from_secs(30);
            self.paused_until[number].set(Some(Instant::now() + retry_after));
            return Err(TooManyRequests { retry_after });
        }
        if accepted.is_multiple_of(50) {
            defmt::info!("endpoint {}: {} requests", endpoint, accepted);
        }
        Ok(())
    }
}

#[embassy_executor::main(
    entry = "limits_firmware::entry",
    executor = "limits_firmware::Executor"
)]
async fn main(_spawner: Spawner) {
    limits_firmware::init();
    let (windows, paused) = (Windows::new(), Paused::new());
    let client = Client {
        limiter: Limiter::new(Guarded::new(&windows, &paused)),
        server: Server::default(),
    };
    // Endless, so the deadline ends them.
    let _ = with_deadline(END, join(client.run(0), client.run(1))).await;
    let [first, second] = &client.server.accepted;
    defmt::info!("requests: {} and {}", first.get(), second.get());
    defmt::assert_eq!((first.get(), second.get()), (200, 200));
    limits_firmware::exit(0)
}

use core::time::Duration;
use std::thread;
use std::time::Instant;

use super::Error;

const POLL: Duration = Duration::from_millis(20);

/// Asks `look` every 20 ms until it finds something, at most as long as `limit`.
///
/// What `look` saw instead is part of the error, which says that `until` never came.
pub(crate) fn wait_until<T>(
    until: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T, Error> {
    let deadline = Instant::now() + limit;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(_) if Instant::now() < deadline => thread::sleep(POLL),
            Err(seen) => {
                return Err(Error::TimedOut {
                    until: until.to_owned(),
                    limit,
                    seen,
                });
            }
        }
    }
}

//! The header of RFC 7239.

use core::net::IpAddr;

use super::element::{Separated, address};

/// The address that an element's `for` is, `None` if it says none, or two.
pub(super) fn node(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = Separated::by(b';', element).filter_map(for_value);
    let node = nodes.next()?;
    nodes.next().is_none().then(|| address(node))?
}

fn for_value(pair: &[u8]) -> Option<&[u8]> {
    let (name, value) = pair.split_at_checked(4)?;
    name.eq_ignore_ascii_case(b"for=").then_some(value)
}

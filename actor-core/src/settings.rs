//! How actors run on a system.

use std::time::Duration;

/// The limits of the local runtime. A system returns them from [`ActorSystem::settings`](crate::ActorSystem::settings).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The deadline of a call that sets none. 10 s.
    pub call_timeout: Duration,
    /// The longest deadline; a longer one is cut to it. 1 h.
    pub call_timeout_max: Duration,
    /// Calls nested in one another before one is refused. 32.
    pub chain_length_max: u32,
    /// Messages that wait for one actor, and methods of a reentrant one that interleave. 1,024.
    pub mailbox_length_max: u32,
    /// Whether the text of a panic is sent to the caller on another node. No.
    pub send_panic_text: bool,
    /// A method that takes longer than this is not run on its caller's task. 10 us: about twice what waking another
    /// thread costs.
    pub inline_time_max: Duration,
    /// Time that a method under `#[on_start]` or `#[on_stop]` has. 10 s.
    pub hook_time_max: Duration,
    /// Actors that one actor is linked to, by itself and by others. 65,536.
    pub links_max: u32,
    /// Messages that an actor handles before it lets others of its thread run; of those whose methods have proved short,
    /// eight times as many. 32.
    pub activity_length_max: u32,
}

impl Settings {
    /// The defaults, as a static.
    #[must_use]
    pub fn default_ref() -> &'static Self {
        static DEFAULT: Settings = Settings::new();
        &DEFAULT
    }

    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            call_timeout_max: Duration::from_secs(3600),
            chain_length_max: 32,
            mailbox_length_max: 1024,
            send_panic_text: false,
            inline_time_max: Duration::from_micros(10),
            hook_time_max: Duration::from_secs(10),
            links_max: 65_536,
            activity_length_max: 32,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

//! What the probe takes and returns.

use std::{collections::BTreeMap, fmt};

use actor_core::{ActorRef, ActorSystem};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::Probe;

/// The probe's own error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DivisionByZero {
    pub dividend: i64,
}

impl fmt::Display for DivisionByZero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be divided by zero", self.dividend)
    }
}

impl std::error::Error for DivisionByZero {}

/// A user's struct with references in it.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Pack<S: ActorSystem> {
    pub label: String,
    pub leader: Option<ActorRef<Probe<S>>>,
    pub members: BTreeMap<String, Vec<ActorRef<Probe<S>>>>,
}

/// What a method sees around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Time left to its deadline, in milliseconds.
    pub remaining_ms: Option<u64>,
    /// The trace context, printed.
    pub trace: Option<String>,
    /// The actor that called, printed.
    pub caller: Option<String>,
}

/// A value that does not stand the journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fragile {
    Sound,
    RefusesToBeWritten,
    PanicsWhenWritten,
    RefusesToBeRead,
    PanicsWhenRead,
}

impl Fragile {
    /// At their numbers.
    pub(super) const ALL: [Self; 5] =
        [Self::Sound, Self::RefusesToBeWritten, Self::PanicsWhenWritten, Self::RefusesToBeRead, Self::PanicsWhenRead];
}

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::RefusesToBeWritten => Err(ser::Error::custom("this value refuses to be written")),
            Self::PanicsWhenWritten => panic!("this value panics when it is written"),
            other => (*other as u8).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        match Self::ALL.into_iter().find(|kind| *kind as u8 == number) {
            Some(Self::Sound) => Ok(Self::Sound),
            Some(Self::PanicsWhenRead) => panic!("this value panics when it is read"),
            _ => Err(de::Error::custom("this value refuses to be read")),
        }
    }
}

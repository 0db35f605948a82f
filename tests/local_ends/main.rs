//! How actors end: panics, stops, last references; and what becomes of those who wait.

mod mortal;
mod panics;
mod retention;
mod stops;

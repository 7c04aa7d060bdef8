//! Acceptance: the real `checkgate` binary on forged cards, real file systems and a real cloud. Each test states a promise and says
//! `SKIPPED` where the machine cannot try it.

mod bad_input;
mod main_job;
mod second_look;
mod support;
mod uploads;

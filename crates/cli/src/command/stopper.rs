//! Owns a long look at a folder from the terminal: a progress bar with rate and estimate, Ctrl-C as a request to stop.

use checkgate_app::engines::offload::{Control, Meter};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

/// Shows progress and listens for Ctrl-C until it is ended.
pub(crate) struct Stopper {
    control: Control,
    meter: Meter,
    bar: ProgressBar,
    tasks: [JoinHandle<()>; 2],
}

impl Stopper {
    pub(crate) fn start(words: &str) -> Self {
        let (control, meter) = (Control::new(), Meter::new());
        let (stop, read) = (control.clone(), meter.clone());
        let interrupt = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.stop();
            }
        });
        let template = format!("  {words} {{bar:28}} {{percent:>3}} %  {{decimal_bytes_per_sec}}  {{eta}} left");
        let style = ProgressStyle::with_template(&template).expect("the template is legal").progress_chars("##-");
        let bar = ProgressBar::new(1).with_style(style);
        let shown = bar.clone();
        let show = tokio::spawn(async move {
            let mut every = tokio::time::interval(std::time::Duration::from_millis(100));
            loop {
                every.tick().await;
                let lane = read.snapshot().source;
                shown.set_length(lane.bytes_total.max(1));
                shown.set_position(lane.bytes_done);
            }
        });
        Self { control, meter, bar, tasks: [interrupt, show] }
    }

    /// For the work.
    pub(crate) fn handles(&self) -> (Control, Meter) {
        (self.control.clone(), self.meter.clone())
    }

    pub(crate) fn end(self) {
        for task in &self.tasks {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}

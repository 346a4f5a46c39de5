//! The receive loop: fills bursts from the device, sends them to all members, and executes the membership's steps.
//!
//! ```text
//!        ┌──▶ an empty burst ──▶ steps of the membership ──▶ receive ──▶ send ──▶ dismiss ──┐
//!        └───────────────────────────────────────────────────────────────────────────────────┘
//!  while it waits: watch the workers
//! ```

use std::sync::Arc;
use std::time::Instant;

use super::ReplayError;
use super::first_frame::FirstFrame;
use super::links::Links;
use crate::device::{Batch, Extent, ReplayDevice};
use crate::dispatch::Burst;
use crate::membership::{Membership, Step};
use crate::worker::threads::{Backoff, OnPanic, StopFlag};

/// Progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of packets received from the device.
    pub packets: u64,
    /// How much of the input the device has consumed.
    pub extent: Extent,
}

/// The receive loop of a run.
pub(super) struct ReceiveLoop<'a, S> {
    pub links: Links<S>,
    pub membership: Membership,
    pub first_frame: FirstFrame,
    pub stop: &'a StopFlag,
}

/// Why the loop stopped before the device's end.
enum Stop {
    /// The run was given up elsewhere.
    Halted,
    Failed(ReplayError),
}

impl<E: Into<ReplayError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<S: Clone> ReceiveLoop<'_, S> {
    /// Runs the device to its end, or until the run is given up, and waits until all workers have finished. Returns the
    /// result and the membership at the end.
    pub fn run(
        mut self,
        device: &mut dyn ReplayDevice,
        progress: &mut dyn FnMut(Progress),
    ) -> (Result<(), ReplayError>, Membership) {
        let _guard = OnPanic::new(self.stop);
        let mut result = self.receive(device, progress);
        if result.is_ok() {
            result = self.see_off();
        }
        let result = match result {
            Ok(()) | Err(Stop::Halted) => Ok(()),
            Err(Stop::Failed(error)) => {
                if matches!(error, ReplayError::NoWorkerLeft { .. }) {
                    self.stop.raise();
                }
                Err(error)
            }
        };
        (result, self.membership)
    }

    fn receive(
        &mut self,
        device: &mut dyn ReplayDevice,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Stop> {
        device.hold_before(self.membership.next_change());
        let mut more = true;
        while more {
            let mut burst = self.next_free()?;
            let Some(filling) = Arc::get_mut(&mut burst) else {
                return Err(ReplayError::Stopped.into());
            };
            self.first_frame.begin();
            self.prepare(device, &mut filling.batch)?;
            let received = device.receive(&mut filling.batch);
            self.first_frame.look(&filling.batch, &mut self.membership);
            self.links.send(burst, self.membership.members())?;
            self.dismiss()?;
            more = received?;
            progress(Progress {
                packets: self.links.packets(),
                extent: device.extent(),
            });
        }
        Ok(())
    }

    /// Executes the membership's steps before the next batch. Frames that the device still holds under the old map are
    /// appended to `batch`.
    fn prepare(&mut self, device: &mut dyn ReplayDevice, batch: &mut Batch) -> Result<(), Stop> {
        let mut backoff = Backoff::default();
        loop {
            match self.membership.poll(&mut self.links, device.is_held()) {
                Step::Resteer { map, changed } => {
                    let done = !changed || device.resteer(&map, batch)?;
                    if done {
                        self.first_frame.look(batch, &mut self.membership);
                        self.first_frame.begin_behind(batch);
                    }
                    self.membership.resteered(done)?;
                }
                Step::Hold(before) => device.hold_before(before),
                Step::Wait => self.wait(&mut backoff)?,
                Step::Receive => break,
                step => self.obey(&step)?,
            }
        }
        self.links.forget_replica();
        Ok(())
    }

    /// Executes a step that concerns only workers.
    fn obey(&mut self, step: &Step) -> Result<(), Stop> {
        self.links.obey(step, &mut self.membership);
        if self.membership.members().is_empty() {
            let packets = self.links.packets();
            return Err(ReplayError::NoWorkerLeft { packets }.into());
        }
        Ok(())
    }

    /// Waits for an empty burst.
    fn next_free(&mut self) -> Result<Arc<Burst>, Stop> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(burst) = self.links.free() {
                self.membership.rest();
                return Ok(burst);
            }
            if self.links.is_abandoned() {
                return Err(Stop::Halted);
            }
            self.wait(&mut backoff)?;
        }
    }

    /// Waits for one round, in which workers may be found dead.
    fn wait(&mut self, backoff: &mut Backoff) -> Result<(), Stop> {
        if self.stop.is_raised() {
            return Err(Stop::Halted);
        }
        if let Some(step) = self.membership.watch(Instant::now(), &self.links) {
            self.obey(&step)?;
        }
        backoff.wait();
        Ok(())
    }

    /// Tells those workers to leave whose last frames are in their queues.
    fn dismiss(&mut self) -> Result<(), Stop> {
        while let Some(place) = self.membership.next_leaver() {
            let mut backoff = Backoff::default();
            while !self.links.dismiss(place) {
                self.wait(&mut backoff)?;
            }
        }
        Ok(())
    }

    /// Waits until all workers have finished.
    fn see_off(&mut self) -> Result<(), Stop> {
        self.links.leave_workers();
        let mut backoff = Backoff::default();
        while !self.membership.have_all_ended(&self.links) {
            self.wait(&mut backoff)?;
        }
        Ok(())
    }
}

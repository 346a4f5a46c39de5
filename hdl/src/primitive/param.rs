use rust_hdl::prelude::*;

/// A constant of a block: rust-hdl's, but with a default, so that a block derives `Default` and its `new` says only what
/// parameters change.
///
/// A block that has parameters, and was made by `default` alone, is not valid: all of them are 0.
#[derive(Clone, Copy, Debug)]
pub struct Param<T: Synth>(Constant<T>);

impl<T: Synth> Param<T> {
    /// A constant of this value.
    pub fn new(value: impl Into<T>) -> Self {
        Self(Constant::new(value.into()))
    }

    /// The value.
    pub fn val(&self) -> T {
        self.0.val()
    }
}

impl<T: Synth> Default for Param<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Synth> Logic for Param<T> {
    fn update(&mut self) {}
}

impl<T: Synth> Block for Param<T> {
    fn connect_all(&mut self) {}

    fn update_all(&mut self) {}

    fn has_changed(&self) -> bool {
        false
    }

    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.0.accept(name, probe);
    }
}

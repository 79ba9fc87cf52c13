//! What predictions rest on.

/// How well something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Compared bit for bit with recordings of the real code.
    Exact,
    /// Read in the source of Kubernetes, Go or the kernel.
    Source,
    /// Measured on a real kube-apiserver.
    Measured,
    /// Taken from a publication.
    Published,
    /// Neither measured nor published.
    Assumed,
}

impl Held {
    /// Every way, the firmest first.
    pub const ALL: [Self; 5] =
        [Self::Exact, Self::Source, Self::Measured, Self::Published, Self::Assumed];
}

/// Something that predictions rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What.
    pub what: &'static str,
    /// How well it is known.
    pub held: Held,
    /// Its value in the model, with its unit; empty where it is a mechanism.
    pub value: String,
    /// Where it comes from.
    pub source: &'static str,
    /// What has been seen, or could be; empty where there is nothing to say.
    pub range: &'static str,
    /// Which results lean on it.
    pub leans: &'static str,
}

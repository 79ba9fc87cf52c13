//! What the texts of mistakes and those of warnings share.

use super::{Example, Explanation};
use crate::language::tell::code::Code;

/// The text of a code: why, a wrong example and the mended one.
pub(super) const fn text(
    code: Code,
    why: &'static str,
    wrong: Example,
    right: Example,
) -> Explanation {
    Explanation { code, why, wrong, right }
}

/// A manifest of a priority level that is right.
pub(super) const LEVEL: &str = "apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: slow-lane }
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 5
    limitResponse: { type: Reject }";

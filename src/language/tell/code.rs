//! The stable codes of diagnostics: one table.

/// How grave a diagnostic is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The scenario cannot be run.
    Error,
    /// It can, but probably does not say what was meant.
    Warning,
    /// Something was assumed.
    Note,
}

macro_rules! codes {
    ($($variant:ident $id:literal $meaning:literal)*) => {
        /// What kind of mistake a diagnostic reports. The identifiers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, by identifier.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The identifier: `E0101`, `W0301`, `N0401`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// One sentence: what the code means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    Unreadable "E0001" "The file cannot be read."
    TooLarge "E0002" "The file is larger than a scenario may be."
    NotUtf8 "E0003" "The file is not UTF-8 text."
    Syntax "E0004" "The text is not TOML."
    TooDeep "E0005" "Arrays or tables are nested deeper than any scenario needs."
    BadOverride "E0006" "A `--set` is not of the form key=value."
    OverrideTarget "E0007" "A `--set` or `--vary` names something the scenario does not have."
    UnknownKey "E0101" "The key does not exist in this table."
    MissingKey "E0102" "A required key or table is missing."
    WrongType "E0103" "The value is of another type than the key takes."
    BadQuantity "E0104" "A size, duration, rate or share cannot be read."
    OutOfBounds "E0105" "The value is outside the bounds of the key."
    NotAChoice "E0106" "The value is not one of the words the key takes."
    OneOf "E0107" "Exactly one, or at most one, of several keys may be present."
    BadName "E0108" "The name is empty, too long or has characters it may not have."
    DuplicateName "E0109" "Two entries have the same name."
    TooMany "E0110" "There are more entries than a scenario may have."
    UnknownReference "E0201" "The name refers to something that is not there."
    UnknownRelease "E0202" "The Kubernetes release is not modelled."
    UnknownGate "E0203" "The release does not have the feature gate."
    ProtobufCustom "E0204" "Custom resources have no protobuf encoding."
    ShapeNeeded "E0205" "The shape of an unknown resource must be stated."
    AfterTheEnd "E0206" "An event lies at or past the end of the run."
    MoreThanMembers "E0207" "An event moves more members than the fleet has."
    NoSuchServer "E0208" "An event names an apiserver that does not exist."
    TotalTooLarge "E0209" "A total over the scenario is larger than can be simulated."
    DoesNotFit "E0210" "Memory sizes contradict one another."
    VersionsOfBuiltIn "E0211" "Only custom resources have several versions."
    BadFigure "E0212" "A published figure does not fit its metric or contradicts itself."
    BadSpread "E0213" "The distribution of an uncertain value is incomplete or contradicts itself."
    NotUncertain "E0214" "A key that shapes the report must have one value."
    BadExpectation "E0215" "An expectation lacks a bound or a quantile, or has one too many."
    BadConnection "E0217" "Fleets share connections in a way that processes cannot."
    ManifestFile "E0301" "A manifest cannot be read, is too large, or is named where no file is known."
    ManifestSyntax "E0302" "A manifest is not YAML or JSON, or is more deeply nested than any object."
    UnknownField "E0303" "An object in a manifest has a field that its API version does not know."
    MissingField "E0304" "An object in a manifest lacks a required field."
    FieldType "E0305" "A field of an object in a manifest is of another type."
    FieldValue "E0306" "A field of an object in a manifest has a value that the API does not take."
    UnknownVersion "E0307" "An object in a manifest is of an API version that does not exist."
    Refused "E0308" "The API server would refuse a flow schema or priority level."
    BadVary "E0401" "What to vary is not of the form key=A..B:step or key=a,b,c."
    NotVariable "E0402" "The key cannot be varied, or not over a range."
    EmptyRange "E0403" "A range to vary over holds no value, or its step passes over it."
    TooManyPoints "E0404" "There are more values to vary over than can be simulated."
    NoSweep "E0405" "What `[sweep]` says makes no sweep."
    BadGrowth "E0406" "A rate of growth is not of the form key=+4% per month, or its first day is none."
    Inherits "E0501" "What the file inherits cannot be read, does not exist, or inherits itself."
    UnknownProfile "E0502" "The scenario has no profile of this name."
    NothingToRemove "E0503" "A `remove` names something that is not inherited."
    NeedsCluster "E0504" "A count by node, pod or namespace needs the size of the cluster."
    Misplaced "E0505" "`inherits` or `profiles` is not at the top level of a scenario file."
    DecimalLimit "W0301" "A memory limit is written in decimal units."
    NoJitter "W0302" "A large fleet starts without jitter."
    LargeObject "W0303" "Objects are larger than etcd accepts by default."
    LimitAboveNode "W0304" "The memory limit exceeds the memory of the node."
    NoEffect "W0305" "A setting has no effect."
    NeverStarts "W0306" "A fleet is never started."
    LimitOrder "W0307" "A soft memory limit lies above the hard one."
    IdleAboveLimit "W0308" "An idle server is predicted to need more memory than it may have."
    ReadsEtcd "W0309" "LISTs go to etcd, although nothing in the scenario asks for that."
    BeyondTested "W0310" "There is more than Kubernetes is tested with."
    LongSweep "W0311" "The sweep is predicted to take hours."
    LockedGate "W0312" "The release does not let the feature gate be set."
    CollectorOff "W0313" "The garbage collector never runs."
    NoDefinitions "W0314" "Custom resources are listed without their definitions, or with too few."
    NoProbes "W0315" "etcd fails for longer than the kubelet's probes would have it."
    PastQuota "W0316" "What is stored is more than etcd's quota."
    AssumedNodeMemory "N0401" "The memory of the node was not stated and a default was taken."
    PassedOver "N0402" "A manifest holds objects that do not concern flow control."
    CountedPer "N0403" "A `--set` gave a count that is multiplied by the size of the cluster."
    AskedEtcd "N0404" "LISTs go to etcd, as the scenario asks."
    RemovedAlong "N0405" "Events went with the client that they name, which a layer removes."
}

impl Code {
    /// The severity, which the identifier's letter repeats.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self.id().as_bytes().first() {
            Some(b'W') => Severity::Warning,
            Some(b'N') => Severity::Note,
            _ => Severity::Error,
        }
    }

    /// The code with this identifier, in either case.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // No list of codes: later minor versions have more of them.
        schemars::json_schema!({ "type": "string", "pattern": "^[EWN][0-9]{4}$" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_are_unique_and_read_back() {
        let ids: BTreeSet<_> = Code::ALL.iter().map(|c| c.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::from_id(code.id()), Some(*code));
        }
        assert_eq!(Code::from_id("w0301"), Some(Code::DecimalLimit));
        assert_eq!(Code::from_id("E9999"), None);
        assert_eq!(Code::DecimalLimit.severity(), Severity::Warning);
        assert_eq!(Code::AssumedNodeMemory.severity(), Severity::Note);
    }
}

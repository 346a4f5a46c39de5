//! Flow sizes as measured in data centres.

use std::fmt;
use std::str::FromStr;

/// A published flow-size distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowSizes {
    /// A web-search cluster. M. Alizadeh et al., "Data Center TCP (DCTCP)", SIGCOMM 2010, in the form used by Y. Li et
    /// al., "HPCC: High Precision Congestion Control", SIGCOMM 2019.
    WebSearch,
    /// A data-mining cluster. A. Greenberg et al., "VL2: A Scalable and Flexible Data Center Network", SIGCOMM 2009, in
    /// the form used by M. Alizadeh et al., "pFabric: Minimal Near-Optimal Datacenter Transport", SIGCOMM 2013 (there
    /// in packets of 1,460 bytes).
    DataMining,
    /// Facebook's Hadoop clusters. A. Roy et al., "Inside the Social Network's (Datacenter) Network", SIGCOMM 2015, in
    /// the form used by HPCC.
    Hadoop,
    /// University data centres, after T. Benson, A. Akella, D. Maltz, "Network Traffic Characteristics of Data Centers
    /// in the Wild", IMC 2010: a coarse reading of its figures with the facts that its text states, 80 % of flows under
    /// 10 kB and most bytes in the largest tenth. An approximation, not the authors' data.
    University,
}

/// Flow size in bytes, and the share of flows of at most that size.
type Cdf = &'static [(f64, f64)];

const WEB_SEARCH: Cdf = &[
    (1.0, 0.0),
    (10_000.0, 0.15),
    (20_000.0, 0.20),
    (30_000.0, 0.30),
    (50_000.0, 0.40),
    (80_000.0, 0.53),
    (200_000.0, 0.60),
    (1_000_000.0, 0.70),
    (2_000_000.0, 0.80),
    (5_000_000.0, 0.90),
    (10_000_000.0, 0.97),
    (30_000_000.0, 1.0),
];

const DATA_MINING: Cdf = &[
    (1.0, 0.0),
    (1_460.0, 0.50),
    (2_920.0, 0.60),
    (4_380.0, 0.70),
    (10_220.0, 0.80),
    (389_820.0, 0.90),
    (3_076_220.0, 0.95),
    (97_333_820.0, 0.99),
    (973_333_820.0, 1.0),
];

const HADOOP: Cdf = &[
    (1.0, 0.0),
    (100.0, 0.01),
    (200.0, 0.02),
    (300.0, 0.05),
    (350.0, 0.15),
    (400.0, 0.20),
    (500.0, 0.30),
    (600.0, 0.40),
    (700.0, 0.50),
    (1_000.0, 0.60),
    (2_000.0, 0.67),
    (7_000.0, 0.70),
    (30_000.0, 0.72),
    (50_000.0, 0.82),
    (80_000.0, 0.87),
    (120_000.0, 0.90),
    (300_000.0, 0.95),
    (1_000_000.0, 0.975),
    (2_000_000.0, 0.99),
    (10_000_000.0, 1.0),
];

const UNIVERSITY: Cdf = &[
    (1.0, 0.0),
    (200.0, 0.15),
    (500.0, 0.30),
    (1_000.0, 0.45),
    (2_000.0, 0.58),
    (5_000.0, 0.71),
    (10_000.0, 0.80),
    (100_000.0, 0.95),
    (1_000_000.0, 0.99),
    (10_000_000.0, 0.999),
    (100_000_000.0, 1.0),
];

impl FlowSizes {
    /// Every distribution.
    pub const ALL: [Self; 4] = [
        Self::WebSearch,
        Self::DataMining,
        Self::Hadoop,
        Self::University,
    ];

    /// The name that [`FromStr`] accepts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSearch => "websearch",
            Self::DataMining => "datamining",
            Self::Hadoop => "hadoop",
            Self::University => "university",
        }
    }

    /// The table: flow sizes in bytes, ascending, each with the share of flows of at most that size (0..=1). The
    /// distribution is linear between two entries.
    #[must_use]
    pub const fn cdf(self) -> &'static [(f64, f64)] {
        match self {
            Self::WebSearch => WEB_SEARCH,
            Self::DataMining => DATA_MINING,
            Self::Hadoop => HADOOP,
            Self::University => UNIVERSITY,
        }
    }

    /// The flow size in bytes that a share of `quantile` (0..=1) of the flows does not exceed.
    #[must_use]
    pub fn quantile(self, quantile: f64) -> f64 {
        let cdf = self.cdf();
        let next = cdf
            .iter()
            .position(|&(_, share)| share >= quantile)
            .unwrap_or(cdf.len() - 1);
        let (high, high_share) = cdf[next];
        let (low, low_share) = cdf[next.saturating_sub(1)];
        if high_share <= low_share {
            return high;
        }
        low + (high - low) * (quantile - low_share) / (high_share - low_share)
    }
}

impl fmt::Display for FlowSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FlowSizes {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|sizes| sizes.name() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_ascend_from_zero_to_one() {
        for sizes in FlowSizes::ALL {
            let cdf = sizes.cdf();
            assert!(
                cdf.windows(2)
                    .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1),
                "{sizes}"
            );
            assert_eq!((cdf[0].1, cdf[cdf.len() - 1].1), (0.0, 1.0));
            assert_eq!(sizes.quantile(0.0), cdf[0].0);
            assert_eq!(sizes.quantile(1.0), cdf[cdf.len() - 1].0);
            assert_eq!(sizes.name().parse(), Ok(sizes));
        }
    }

    #[test]
    fn quantiles_lie_between_the_entries() {
        assert!((FlowSizes::WebSearch.quantile(0.65) - 600_000.0).abs() < 1.0);
        assert_eq!(FlowSizes::DataMining.quantile(0.5), 1_460.0);
    }
}

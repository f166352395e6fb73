"""The red flags of curated.procurement_risk: what each says, who published it, and the limits. A flag is a reason to look, not a finding."""

from __future__ import annotations

from dataclasses import dataclass

SHORT_DAYS = 15  # Cardinal's
NEAR = 0.02  # of the estimate; the definition names no share
GROWN, GROWN_WORKS = 0.10, 0.15  # Directive 2014/24/EU
SPLIT_DAYS = 60  # "simultaneous" of the definition
REPEATED, REPEATED_SHARE = 4, 0.5
ROTATION, ROTATION_SHARE = 4, 0.75  # processes of a ring; the share of them it must win

CARDINAL = "Open Contracting Partnership, Cardinal, "
OECD = "OECD, Guidelines for Fighting Bid Rigging in Public Procurement"
WORLD_BANK = "World Bank, Fraud and Corruption Awareness Handbook"


@dataclass(frozen=True)
class Flag:
    formula: str
    published: str


FLAGS = {
    "single_bidder": Flag("bidders = 1 and method is open or selective", CARDINAL + "R018 Single bid received"),
    "short_tender_period": Flag(f"method is open and closed_on - opened_on < {SHORT_DAYS} days", CARDINAL + "R003 Short notice to bidders"),
    "price_close_to_winning_bid": Flag("(second bid - winning bid) / winning bid <= Q1 - 1.5 (Q3 - Q1) of the source; the winner bid least", CARDINAL + "R024 Price close to winning bid"),
    "heavily_discounted_bid": Flag("(second bid - winning bid) / winning bid >= Q3 + 1.5 (Q3 - Q1) of the source; the winner bid least", CARDINAL + "R058 Heavily discounted bid"),
    "identical_bid_prices": Flag("two bidders or more bid the same amount", CARDINAL + "R028 Identical bid prices"),
    "price_close_to_estimate": Flag(f"awarded / estimated within 1 ± {NEAR}", WORLD_BANK + ": winning bid very close to the cost estimate"),
    "contract_amendment": Flag(f"the contract was amended and contracted / awarded - 1 > {GROWN} (works {GROWN_WORKS})", "Directive 2014/24/EU, article 72(2): changes that need a new procedure"),
    "split_purchase": Flag(f"purchases without open tender of one buyer from one supplier within {SPLIT_DAYS} days, each at most the 95th percentile of such purchases of the source, together above it", WORLD_BANK + ": simultaneous purchases from one supplier just under the threshold"),
    "repeated_winner": Flag(f"one supplier has {REPEATED} processes or more and at least {REPEATED_SHARE:.0%} of those of a buyer and category", "Fazekas and Kocsis, Uncovering High-Level Corruption: winner's share of issuer's contracts"),
    "bid_rotation": Flag(f"three parties bid together in {ROTATION} processes or more, won at least {ROTATION_SHARE:.0%} of them, and each of the three won", OECD + ": bid rotation"),
}  # fmt: skip

// Package bulletin says which of AMD's security bulletins a report satisfies.
//
// A bulletin is a table row for each die that its sources name: levels of TCB
// components, which REPORTED_TCB and COMMITTED_TCB must both reach, a version of the
// firmware, which the current and the committed one must both reach, and bits of
// PLATFORM_INFO. AMD prints such numbers in its bulletins, its CVE records and its
// patches of Linux. A number stands here with a grade only:
//
//	A  AMD's own words: its record in the CVE list, or kernel code by AMD's staff
//	B  two independent sources that say that they read the bulletin
//
// Numbers of one source, and numbers that AMD withdrew, are left out; so an
// assessment is three-valued. Satisfied: the report shows that every condition of
// its die's row is met. Below: it shows one that is not. NotVisible: anything else:
// no row for the die, no die (report version 2), or a bit that the report is too old
// to have. None of them means "patched": a host may have other fixes, and lack parts
// that no report shows. Bits of the mitigation vectors decide nothing: AMD has
// published no meaning of them.
//
// The table is data of a date, AsOf. A verdict may change with it only where a policy
// demands a bulletin. docs/spec/bulletins.md has the rules, BUL-nn.
package bulletin

// Reads profiles with Go's own package and names what is wrong with them, one line a fault: what pprof's users would
// stumble over, beyond what its parser refuses.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"parser_check/profile"
)

const pageSize = 4096

func checkMappings(p *profile.Profile, program string, fault func(string, ...interface{})) {
	if len(p.Mapping) == 0 || p.Mapping[0].File != program {
		fault("the first mapping is not %s", program)
	}
	sorted := append([]*profile.Mapping{}, p.Mapping...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Start < sorted[j].Start })
	for i, m := range sorted {
		if m.Start%pageSize != 0 || m.Offset%pageSize != 0 || m.Start >= m.Limit {
			fault("mapping of %s is not aligned: %#x-%#x at %#x", m.File, m.Start, m.Limit, m.Offset)
		}
		if i > 0 && sorted[i-1].Limit > m.Start {
			fault("mappings overlap: %s and %s at %#x", sorted[i-1].File, m.File, m.Start)
		}
	}
}

func checkLocations(p *profile.Profile, fault func(string, ...interface{})) {
	used := map[*profile.Location]bool{}
	for _, s := range p.Sample {
		if len(s.Location) == 0 {
			fault("a sample has no location")
		}
		for _, l := range s.Location {
			used[l] = true
		}
	}
	for _, l := range p.Location {
		if !used[l] {
			fault("location %d is unused", l.ID)
		}
		if l.Mapping != nil && (l.Address < l.Mapping.Start || l.Address >= l.Mapping.Limit) {
			fault("location %d lies outside its mapping", l.ID)
		}
		if len(l.Line) == 0 {
			fault("location %d has no name", l.ID)
		}
	}
	for _, f := range p.Function {
		if f.Name == "" {
			fault("function %d has an empty name", f.ID)
		}
	}
}

func checkLabels(p *profile.Profile, fault func(string, ...interface{})) {
	for _, s := range p.Sample {
		for key, values := range s.Label {
			if strings.HasPrefix(key, "pprof::") || len(values) != 1 {
				fault("label %s is reserved, or has %d values", key, len(values))
			}
		}
		for key, values := range s.NumLabel {
			if strings.HasPrefix(key, "pprof::") || len(values) != 1 {
				fault("label %s is reserved, or has %d values", key, len(values))
			}
		}
	}
}

func main() {
	status := 0
	for _, path := range os.Args[2:] {
		fault := func(format string, arguments ...interface{}) {
			fmt.Printf("%s: %s\n", path, fmt.Sprintf(format, arguments...))
			status = 1
		}
		file, err := os.Open(path)
		if err != nil {
			fault("%v", err)
			continue
		}
		p, err := profile.Parse(file)
		file.Close()
		if err != nil {
			fault("%v", err)
			continue
		}
		if err := p.CheckValid(); err != nil {
			fault("%v", err)
		}
		checkMappings(p, os.Args[1], fault)
		checkLocations(p, fault)
		checkLabels(p, fault)
		fmt.Printf("%s: %d samples\n", path, len(p.Sample))
	}
	os.Exit(status)
}

// Command generator makes the fixture of version 0.1.0; see make.sh beside it. It compiles with that version only:
//
//	generator sqlite|mongo OUTPUT PROGRAMS MONGO_URI
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/store/sqlite"
)

// must ends the program after an error.
func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}

// gen makes the fixture of one store.
type gen struct {
	// kind is sqlite or mongo, out the folder of the fixture, and bin the folder of the programs.
	kind, out, bin string
	// key is the API key with the scope admin.
	key string
	// uri is the address of the MongoDB server, and dir the folder of the SQLite file.
	uri, dir string
}

// open opens the store.
func (g *gen) open() (store.Store, func()) {
	ctx := context.Background()
	if g.kind == "sqlite" {
		s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(g.dir, "nanomon.db")})
		must(err)
		return s, func() { must(s.Close()) }
	}
	s, err := mongo.Open(ctx, mongo.Config{URI: g.uri, Database: "nanomon", Timeout: 10 * time.Second})
	must(err)
	return s, func() { must(s.Close(ctx)) }
}

// intend stores an import that is not carried out.
func (g *gen) intend() {
	ctx := context.Background()
	s, done := g.open()
	defer done()
	ms, err := s.Monitors(ctx)
	must(err)
	now := monitor.Date(time.Now())
	var set []monitor.Monitor
	for _, m := range ms {
		switch m.Name {
		case "Intranet":
			continue // removed by the import
		case "Docs":
			m.Interval, m.Updated = "30m", now
		}
		set = append(set, m)
	}
	set = append(set, monitor.Monitor{ID: monitor.NewID(now), Name: "Imported", Type: "http", Interval: "1m", Target: "http://imported.nanomon.test/",
		Enabled: true, Properties: map[string]string{}, Updated: now})
	must(s.(*mongo.Store).StoreIntent(ctx, set))
}

// dump writes database.json.
func (g *gen) dump() {
	ctx := context.Background()
	c, err := driver.Connect(options.Client().ApplyURI(g.uri))
	must(err)
	defer c.Disconnect(ctx)
	db := c.Database("nanomon")
	names, err := db.ListCollectionNames(ctx, bson.D{})
	must(err)
	var text bytes.Buffer
	text.WriteString("{\n")
	first := true
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "system.") {
			continue
		}
		if !first {
			text.WriteString(",\n")
		}
		first = false
		fmt.Fprintf(&text, "%q: {\n\"indexes\": [", name)
		specs, err := db.Collection(name).Indexes().List(ctx)
		must(err)
		var all []bson.Raw
		must(specs.All(ctx, &all))
		n := 0
		for _, spec := range all {
			if spec.Lookup("name").StringValue() == "_id_" {
				continue
			}
			var d bson.D
			must(bson.Unmarshal(spec, &d))
			var kept bson.D
			for _, e := range d {
				if e.Key == "key" || e.Key == "name" || e.Key == "unique" {
					kept = append(kept, e)
				}
			}
			j, err := bson.MarshalExtJSON(kept, true, false)
			must(err)
			if n > 0 {
				text.WriteString(", ")
			}
			n++
			text.Write(j)
		}
		text.WriteString("],\n\"documents\": [")
		cursor, err := db.Collection(name).Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
		must(err)
		var docs []bson.Raw
		must(cursor.All(ctx, &docs))
		for i, d := range docs {
			j, err := bson.MarshalExtJSON(d, true, false)
			must(err)
			if i > 0 {
				text.WriteString(",")
			}
			text.WriteString("\n")
			text.Write(j)
		}
		text.WriteString("\n]}")
		log.Print(name, " ", len(docs))
	}
	text.WriteString("\n}\n")
	must(os.WriteFile(filepath.Join(g.out, "database.json"), text.Bytes(), 0o644))
}

func main() {
	g := &gen{kind: os.Args[1], out: os.Args[2], bin: os.Args[3], uri: os.Args[4]}
	must(os.MkdirAll(g.out, 0o755))
	g.dir, _ = os.MkdirTemp("", "gen")
	log.Print("the clock shows ", time.Now().UTC())
	g.seed()
	from := g.live()
	if g.kind == "sqlite" {
		data, err := os.ReadFile(filepath.Join(g.dir, "nanomon.db"))
		must(err)
		entries, _ := os.ReadDir(g.dir)
		for _, e := range entries {
			i, _ := e.Info()
			log.Print(e.Name(), " ", i.Size())
		}
		must(os.WriteFile(filepath.Join(g.out, "nanomon.db"), data, 0o644))
	} else {
		g.intend()
		g.dump()
	}
	g.record(from)
}

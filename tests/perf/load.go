package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// timeout is how long an answer may take.
const timeout = 30 * time.Second

// result is what was measured of a route.
type result struct {
	route route
	// times are those of the good answers, read whole, in ascending order.
	times   []time.Duration
	elapsed time.Duration
	// errors counts the requests without a good answer; err is the first.
	errors int
	err    error
}

// rate is how many good answers a second came.
func (r result) rate() float64 { return float64(len(r.times)) / r.elapsed.Seconds() }

// percentile is the time within which p percent of the good answers came.
func (r result) percentile(p int) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[(len(r.times)-1)*p/100]
}

// client sends requests to an API by a number of connections.
type client struct {
	api, token  string
	connections int
	http        *http.Client
}

func newClient(o options) *client {
	return &client{o.api, o.token, o.connections, &http.Client{Timeout: timeout, Transport: &http.Transport{
		MaxConnsPerHost: o.connections, MaxIdleConnsPerHost: o.connections, DisableCompression: true,
	}}}
}

// measure keeps every connection busy with the same request for a time, at least for one request each.
func (c *client) measure(ctx context.Context, r route, duration time.Duration) result {
	parts := make([]result, c.connections)
	started := time.Now()
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			for ctx.Err() == nil {
				sent := time.Now()
				if err := c.send(ctx, r, io.Discard); err != nil {
					parts[i].errors++
					parts[i].err = cmp.Or(parts[i].err, err)
				} else {
					parts[i].times = append(parts[i].times, time.Since(sent))
				}
				if time.Since(started) >= duration {
					return
				}
			}
		})
	}
	group.Wait()
	all := result{elapsed: time.Since(started)}
	for _, part := range parts {
		all.times = append(all.times, part.times...)
		all.errors += part.errors
		all.err = cmp.Or(all.err, part.err)
	}
	slices.Sort(all.times)
	return all
}

// send writes the body of a good answer to into.
func (c *client) send(ctx context.Context, r route, into io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, r.method, c.api+r.path, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	_, err = io.Copy(into, response.Body)
	return err
}

// read decodes the JSON at a path.
func (c *client) read(ctx context.Context, path string, into any) error {
	var body strings.Builder
	if err := c.send(ctx, route{method: http.MethodGet, path: path}, &body); err != nil {
		return fmt.Errorf("read %s%s: %w", c.api, path, err)
	}
	if err := json.Unmarshal([]byte(body.String()), into); err != nil {
		return fmt.Errorf("%s%s is not the API of NanoMon: %w", c.api, path, err)
	}
	return nil
}

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

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// timeout is the maximum duration of a request.
const timeout = 30 * time.Second

// result is the measurement of a route.
type result struct {
	// times lists the durations of the successful requests in ascending order, including the time to read the body.
	times   []time.Duration
	elapsed time.Duration
	// bytes is the size of the last body.
	bytes int64
	// errors counts the failed requests; err is the first error.
	errors int
	err    error
}

// rate returns the number of successful requests per second.
func (r result) rate() float64 { return float64(len(r.times)) / r.elapsed.Seconds() }

// percentile returns the duration that p percent of the successful requests did not exceed, or 0 without such requests.
func (r result) percentile(p int) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[(len(r.times)-1)*p/100]
}

// client sends requests to an API over a limited number of connections.
type client struct {
	api, token  string
	connections int
	// encodings is the value of Accept-Encoding; empty for none.
	encodings string
	// tag is the value of If-None-Match; empty for none.
	tag  string
	http *http.Client
}

func newClient(api, token string, connections int) *client {
	transport := &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true,
	}
	return &client{
		api: api, token: token, connections: connections, http: &http.Client{Timeout: timeout, Transport: transport},
	}
}

// measure repeats a request on all connections for the given duration, at least once on each connection.
func (c *client) measure(ctx context.Context, r route, duration time.Duration) result {
	parts := make([]result, c.connections)
	started := time.Now()
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			for ctx.Err() == nil {
				sent, size := time.Now(), counter(0)
				if err := c.send(ctx, r, &size); err != nil {
					parts[i].fail(err)
				} else {
					parts[i].times = append(parts[i].times, time.Since(sent))
					parts[i].bytes = int64(size)
				}
				if time.Since(started) >= duration {
					return
				}
			}
		})
	}
	group.Wait()
	return merge(parts, time.Since(started))
}

// fail counts a failed request.
func (r *result) fail(err error) {
	r.errors++
	r.err = cmp.Or(r.err, err)
}

// merge returns the results of several connections as one.
func merge(parts []result, elapsed time.Duration) result {
	all := result{elapsed: elapsed}
	for _, part := range parts {
		all.times = append(all.times, part.times...)
		all.bytes = cmp.Or(part.bytes, all.bytes)
		all.errors += part.errors
		all.err = cmp.Or(all.err, part.err)
	}
	slices.Sort(all.times)
	return all
}

// send sends a request and writes the body of the response to w. A status other than 2xx and 304 is an error.
func (c *client) send(ctx context.Context, r route, w io.Writer) error {
	_, err := c.receive(ctx, r, w)
	return err
}

// receive does the same as send and returns the header of the response.
func (c *client) receive(ctx context.Context, r route, w io.Writer) (http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, r.method, c.api+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.encodings != "" {
		request.Header.Set("Accept-Encoding", c.encodings)
	}
	if c.tag != "" {
		request.Header.Set("If-None-Match", c.tag)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices && response.StatusCode != http.StatusNotModified {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, fmt.Errorf("%s: %s", response.Status, text)
	}
	_, err = io.Copy(w, response.Body)
	return response.Header, err
}

// read decodes the JSON at a path into target.
func (c *client) read(ctx context.Context, path string, target any) error {
	var body strings.Builder
	if err := c.send(ctx, route{method: http.MethodGet, path: path}, &body); err != nil {
		return fmt.Errorf("read %s%s: %w", c.api, path, err)
	}
	if err := json.Unmarshal([]byte(body.String()), target); err != nil {
		return fmt.Errorf("%s%s is not the API of NanoMon: %w", c.api, path, err)
	}
	return nil
}

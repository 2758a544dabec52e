package dockertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nanomon/tests/support/servicetest"
)

const (
	// composeVariable contains the folder of Docker Compose. It is set only inside the namespaces.
	composeVariable = "NANOMON_DOCKER_COMPOSE"
	// configFolder contains the configuration of the docker command and its plugins.
	configFolder = "/run/docker-config"
	// startTime is the maximum duration of the start of the engine.
	startTime = 2 * time.Minute
)

// output runs a program in the root of the repository and returns its output without the trailing newline.
func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Dir = servicetest.Root()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, text, stderr.Bytes())
	}
	return strings.TrimSpace(string(text)), nil
}

// startEngine starts the engine with its default socket, so that each docker command uses it. All its files are in
// /run, which is in memory.
func startEngine() error {
	if err := configureClient(); err != nil {
		return err
	}
	config := filepath.Join(configFolder, "engine.json")
	if err := os.WriteFile(config, []byte("{}"), 0o600); err != nil {
		return err
	}
	log, err := os.Create("/run/dockerd.log")
	if err != nil {
		return err
	}
	defer log.Close()
	engine := exec.Command("dockerd", "--config-file", config, "--data-root", "/run/docker-data",
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", os.Getenv(cgroupVariable))
	engine.Stdout, engine.Stderr = log, log
	if err := engine.Start(); err != nil {
		return fmt.Errorf("%w: run scripts/fetch-docker.sh", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- engine.Wait() }()
	if err := waitForEngine(ended); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// configureClient sets the environment of the docker commands of the tests.
func configureClient() error {
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	path := os.Getenv("PATH")
	if _, err := exec.LookPath("dockerd"); err != nil {
		path = filepath.Join(servicetest.Root(), ".tools", "docker") + ":" + path
	}
	// Docker before 23 uses BuildKit only on request.
	for name, value := range map[string]string{"PATH": path, "DOCKER_CONFIG": configFolder, "DOCKER_BUILDKIT": "1"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	plugins := filepath.Join(configFolder, "cli-plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(os.Getenv(composeVariable), "compose"), filepath.Join(plugins, "docker-compose"))
}

// waitForEngine waits until the engine answers.
func waitForEngine(ended <-chan error) error {
	limit := time.After(startTime)
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := output("docker", "version")
		if err == nil {
			return nil
		}
		select {
		case exit := <-ended:
			return fmt.Errorf("dockerd ended: %v", exit)
		case <-limit:
			return err
		case <-retry.C:
		}
	}
}

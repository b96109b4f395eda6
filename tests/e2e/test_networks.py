"""Who reaches whom: names, aliases, replicas, isolation, internal networks, published ports."""
import json
import socket
import subprocess

from harness import Scenario

WEB = "init: true, command: [httpd, -f, -p, '80', -h, /etc]"


class Networks(Scenario):
    def reaches(self, service, host):
        """Whether a service gets the page of another one, by name or address."""
        # Debian's static wget crashes with a time-out of its own.
        return "root:" in self.run_estiba("exec", "-T", service, "timeout", "3", "wget", "-qO-",
                                          f"http://{host}/passwd").out

    def addresses(self, service, name):
        out = self.run_estiba("exec", "-T", service, "nslookup", "-type=a", name).out
        return sorted(line.split()[1] for line in out.split("Name:", 1)[-1].splitlines()
                      if line.startswith("Address:"))

    def test_services_reach_each_other_by_name_and_alias(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, container_name: known-as, networks: {{default: {{aliases: [www]}}}}}}
              client: {{image: @IMAGE@, init: true, command: sleep 1000}}
        """)
        self.estiba("up", "-d")
        for name in ("web", "www", "known-as"):
            self.until(f"{name} answers", lambda: self.reaches("client", name))
        self.assertFalse(self.reaches("client", "nobody"))

    def test_a_name_stands_for_all_replicas(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, deploy: {{replicas: 3}}}}
              client: {{image: @IMAGE@, init: true, command: sleep 1000}}
        """)
        self.estiba("up", "-d")
        self.until("three addresses", lambda: len(set(self.addresses("client", "web"))) == 3)
        self.estiba("up", "-d", "--scale", "web=1")
        self.until("one address", lambda: len(set(self.addresses("client", "web"))) == 1)

    def test_networks_are_isolated_from_each_other(self):
        self.compose(f"""
            services:
              left: {{image: @IMAGE@, {WEB}, networks: [one]}}
              both: {{image: @IMAGE@, {WEB}, networks: [one, two]}}
              right: {{image: @IMAGE@, {WEB}, networks: [two]}}
            networks: {{one: {{}}, two: {{}}}}
        """)
        self.estiba("up", "-d")
        self.until("both reaches left", lambda: self.reaches("both", "left"))
        self.until("both reaches right", lambda: self.reaches("both", "right"))
        self.until("left reaches both", lambda: self.reaches("left", "both"))
        self.assertFalse(self.reaches("left", "right"))
        right = self.sh("right", "hostname -i").split()[0]
        self.assertFalse(self.reaches("left", right), f"left reaches right at {right}")

    def test_an_internal_network_has_names_but_no_way_out(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}}}
              client: {{image: @IMAGE@, init: true, command: sleep 1000}}
            networks: {{default: {{internal: true}}}}
        """)
        self.estiba("up", "-d")
        self.until("the name answers", lambda: self.reaches("client", "web"))
        self.assertNotIn("default", self.sh("client", "ip route"))
        with socket.socket() as outside:
            outside.bind(("0.0.0.0", 0))
            outside.listen()
            port = outside.getsockname()[1]
            for address in host_addresses():
                script = f"nc -w 1 {address} {port} </dev/null && echo reached"
                self.assertNotIn("reached", self.run_estiba("exec", "-T", "client", "sh", "-c", script).out)

    def test_a_fixed_address_is_given_and_kept(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, networks: {default: {ipv4_address: 10.199.77.40}}}
            networks: {default: {ipam: {config: [{subnet: 10.199.77.0/24}]}}}
        """)
        self.estiba("up", "-d")
        self.assertIn("10.199.77.40", self.sh("a", "ip -4 addr"))
        self.estiba("restart", "-t", "0", "a")
        self.assertIn("10.199.77.40", self.sh("a", "ip -4 addr"))

    def test_network_modes_none_and_service(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}}}
              beside: {{image: @IMAGE@, init: true, command: sleep 1000, network_mode: "service:web"}}
              alone: {{image: @IMAGE@, init: true, command: sleep 1000, network_mode: none}}
        """)
        self.estiba("up", "-d")
        self.until("beside reaches web on its loopback", lambda: self.reaches("beside", "127.0.0.1"))
        self.assertEqual(self.sh("alone", "ls /sys/class/net"), "lo")


class Ports(Scenario):
    def test_a_published_port_answers_and_is_free_afterwards(self):
        port = self.free_port()
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, ports: ["127.0.0.1:{port}:80"]}}
        """)
        self.estiba("up", "-d")
        url = f"http://127.0.0.1:{port}/passwd"
        self.assertIn("root:", self.until("the port answers", lambda: self.fetched(url)))
        self.assertIn(f"127.0.0.1:{port}->80/tcp", self.container("web")["Ports"])
        self.assertEqual(self.estiba("port", "web", "80").strip(), f"127.0.0.1:{port}")
        self.estiba("down")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))

    def test_a_loopback_port_does_not_answer_on_other_addresses(self):
        port = self.free_port()
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, ports: ["127.0.0.1:{port}:80"]}}
        """)
        self.estiba("up", "-d")
        self.until("the port answers", lambda: self.fetched(f"http://127.0.0.1:{port}/passwd"))
        for address in host_addresses():
            self.assertIsNone(self.fetched(f"http://{address}:{port}/passwd"), address)

    def test_a_port_on_all_addresses_answers_on_each(self):
        port = self.free_port()
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, ports: ["{port}:80"]}}
        """)
        self.estiba("up", "-d")
        for address in ["127.0.0.1", *host_addresses()]:
            self.until(f"{address} answers", lambda: self.fetched(f"http://{address}:{port}/passwd"))

    def test_the_kernel_chooses_a_port_when_none_is_named(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, ports: ["127.0.0.1::80"]}}
        """)
        self.estiba("up", "-d")
        port = self.estiba("port", "web", "80").strip().rsplit(":", 1)[1]
        self.until("the port answers", lambda: self.fetched(f"http://127.0.0.1:{port}/passwd"))


def host_addresses():
    """The host's own IPv4 addresses that are not its loopback."""
    links = json.loads(subprocess.run(["ip", "-j", "-4", "addr"], capture_output=True, check=True).stdout)
    return [address["local"] for link in links if not link["ifname"].startswith(("lo", "est"))
            for address in link["addr_info"]]

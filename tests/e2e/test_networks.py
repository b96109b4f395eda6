"""Who reaches whom: names, aliases, replicas, isolation, internal networks, published ports."""
import hashlib
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


    def test_nobody_poses_as_the_gateway_not_even_beside_another(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}}}
              beside: {{image: @IMAGE@, init: true, command: sleep 1000, network_mode: "service:web", cap_add: [NET_ADMIN]}}
              victim: {{image: @IMAGE@, init: true, command: sleep 1000}}
        """)
        self.estiba("up", "-d")
        gateway = self.sh("victim", "ip route show default").split()[2]
        known = self.until("victim knows the gateway", lambda: self.neighbour("victim", gateway))
        self.run_estiba("exec", "-T", "beside", "sh", "-c",
                        f"ip addr add {gateway}/24 dev eth0; arping -U -c 3 -w 3 -I eth0 -s {gateway} {gateway};"
                        f"arping -A -c 3 -w 3 -I eth0 -s {gateway} {gateway}; ip addr del {gateway}/24 dev eth0")
        self.assertEqual(self.neighbour("victim", gateway), known)
        self.until("victim reaches web", lambda: self.reaches("victim", "web"))

    def neighbour(self, service, address):
        """The MAC by which a service knows an address."""
        lines = self.sh(service, f"ping -c 1 -W 1 {address} >/dev/null; cat /proc/net/arp").splitlines()
        return [line.split()[3] for line in lines if line.startswith(address + " ") and "0x0 " not in line]

    def test_neighbours_that_are_kept_apart_do_not_meet_at_the_gateway(self):
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}}}
              client: {{image: @IMAGE@, init: true, command: sleep 1000, cap_add: [NET_ADMIN]}}
            networks: {{default: {{driver_opts: {{com.docker.network.bridge.enable_icc: "False"}}}}}}
        """)
        self.estiba("up", "-d")
        web = self.sh("web", "hostname -i").split()[0]
        gateway = self.sh("client", "ip route show default").split()[2]
        self.assertFalse(self.reaches("client", web))
        self.sh("client", f"ip route add {web}/32 via {gateway}")
        self.assertFalse(self.reaches("client", web), "by way of the gateway")

    def test_a_container_forwards_only_if_it_asks_for_it(self):
        self.compose("""
            services:
              plain: {image: @IMAGE@, init: true, command: sleep 1000, networks: [one, two]}
              router: {image: @IMAGE@, init: true, command: sleep 1000, networks: [one, two], sysctls: {net.ipv4.ip_forward: 1}}
            networks: {one: {}, two: {internal: true}}
        """)
        self.estiba("up", "-d")
        look = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/eth0/forwarding /proc/sys/net/ipv6/conf/*/forwarding | sort -u"
        self.assertEqual(self.sh("plain", look), "0")
        self.assertEqual(self.sh("router", "cat /proc/sys/net/ipv4/ip_forward"), "1")

    def test_firewall_rules_come_back_when_somebody_deletes_them(self):
        port = self.free_port()
        self.compose(f"""
            services:
              web: {{image: @IMAGE@, {WEB}, ports: ["{port}:80"]}}
        """)
        self.estiba("up", "-d")
        table = "estiba_" + hashlib.sha256(str(self.top / "run").encode()).hexdigest()[:4]
        nft = lambda *words: subprocess.run(["nft", *words], capture_output=True, text=True, check=False)
        before = nft("-s", "list", "table", "inet", table).stdout
        self.assertIn(str(port), before)
        self.assertEqual(nft("delete", "table", "inet", table).returncode, 0)
        self.until("the table is there again",
                   lambda: nft("-s", "list", "table", "inet", table).stdout == before, seconds=5)


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

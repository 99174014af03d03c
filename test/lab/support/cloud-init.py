# cloud-init as Debian ships it, from an unpacked package: what its stages do with `cloud-config-url` in a boot, without
# being one. Arguments: the URL, or the path of a configuration as an installer leaves it, and a directory. Prints what it
# learned as JSON.
import json
import logging
import sys

import yaml
from cloudinit import helpers, reporting
from cloudinit.cmd import main as stages
from cloudinit.reporting import events
from cloudinit.sources import DataSourceMAAS

url, directory = sys.argv[1:]
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)

path = directory + "/91_kernel_cmdline_url.cfg"
if url.startswith("http"):
    # As init-local and init do, twice.
    for _ in range(2):
        stages.attempt_cmdline_url(path, cmdline="quiet cloud-config-url=" + url + " ro")
else:
    path = url
with open(path, encoding="utf-8") as file:
    config = yaml.safe_load(file)

reporting.update_configuration(config["reporting"])
with events.ReportEventStack("init-network", "searching for network datasources"):
    paths = helpers.Paths({"cloud_dir": directory, "run_dir": directory + "/run"})
    source = DataSourceMAAS.DataSourceMAAS(config, None, paths)
    found = source._get_data()
for number in range(40):
    with events.ReportEventStack("init-network/config-%d" % number, "running a module"):
        pass
reporting.flush_events()

print(
    json.dumps(
        {
            "found": found,
            "datasource_list": config["datasource_list"],
            "instance_id": source.get_instance_id(),
            "hostname": source.metadata.get("local-hostname"),
            "public_keys": source.get_public_ssh_keys(),
            "user_data": source.userdata_raw.decode() if source.userdata_raw else None,
            "vendor_data": source.vendordata_raw,
        }
    )
)

// The commands, each defined in a file of its own.
#pragma once
#include "orchestrator/commands/command.hpp"

namespace estiba::orchestrator {

extern const Command up_command, down_command, ps_command, logs_command, exec_command, run_command_,
    config_command, convert_command;
extern const Command create_command, start_command, stop_command, restart_command, kill_command,
    rm_command, pause_command, unpause_command, scale_command;
extern const Command port_command, ls_command, images_command, volumes_command, top_command,
    wait_command, events_command, attach_command, stats_command, cp_command, export_command,
    commit_command, version_command;
extern const Command image_import_command, image_bootstrap_command, image_ls_command,
    image_rm_command, image_tag_command, image_inspect_command, image_build_command,
    image_save_command, image_load_command, image_history_command, image_prune_command,
    build_command, system_df_command;
extern const Command pull_command, push_command, image_pull_command, image_push_command,
    login_command, logout_command;
extern const Command network_ls_command, network_create_command, network_rm_command,
    volume_ls_command, volume_create_command, volume_rm_command;
extern const Command completion_command, attributes_command;

}  // namespace estiba::orchestrator

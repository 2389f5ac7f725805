import { join, posix, win32 } from "node:path";
import { REFUSED_BY_EDGE } from "../refusal.ts";

/** What the system is to start when its user signs in. */
export interface ServiceSpec {
  /** The program and its arguments, each as one word. */
  command: readonly string[];
  home: string;
  /** How long tasks may still run when it is stopped. */
  stopWithinMs: number;
  /** Numeric, of the user; launchd names the session by it. */
  uid: number;
  /** As Windows knows who is signed in: `COMPUTER\\name`. */
  account: string;
}

export interface ServiceDefinition {
  /** Where the system looks for it; null where a command takes it all. */
  file: { path: string; text: string } | null;
  /** Ends what runs from an earlier installation; it may fail, because nothing does. */
  stop: readonly (readonly string[])[];
  install: readonly (readonly string[])[];
  uninstall: readonly (readonly string[])[];
  /** Worth knowing once it is installed. */
  hint: string;
}

const NAME = "stargraph-agent";

const DEFINITIONS: Partial<Record<NodeJS.Platform, (spec: ServiceSpec) => ServiceDefinition>> = {
  linux: systemdUnit,
  darwin: launchAgent,
  win32: scheduledTask,
};

/** @returns null for a system that none of these is for. */
export function defineService(platform: NodeJS.Platform, spec: ServiceSpec): ServiceDefinition | null {
  return DEFINITIONS[platform]?.(spec) ?? null;
}

/** Beyond what tasks are given: to say goodbye and to end the engines. */
const GOODBYE_SECONDS = 15;

const stopSeconds = ({ stopWithinMs }: ServiceSpec): number => Math.ceil(stopWithinMs / 1000) + GOODBYE_SECONDS;

/**
 * SIGTERM is for the agent alone, or its engines would end in the midst of the tasks that it finishes. But npx hands no signal on: with it,
 * all get one, and another when npx has ended, by which the agent gives back what runs. A wrong setting and the edge's refusal are not
 * mended by another start.
 */
function systemdUnit(spec: ServiceSpec): ServiceDefinition {
  const { command, home } = spec;
  const unit = `${NAME}.service`;
  const text = `[Unit]
Description=Star-Graph agent
After=network-online.target

[Service]
ExecStart=${command.map(quoteForSystemd).join(" ")}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2 ${REFUSED_BY_EDGE}
KillMode=${isNpx(command[0]) ? "control-group" : "mixed"}
TimeoutStopSec=${stopSeconds(spec)}

[Install]
WantedBy=default.target
`;
  return {
    file: { path: posix.join(home, ".config/systemd/user", unit), text },
    stop: [],
    install: [
      ["systemctl", "--user", "daemon-reload"],
      ["systemctl", "--user", "enable", unit],
      ["systemctl", "--user", "restart", unit],
    ],
    uninstall: [["systemctl", "--user", "disable", "--now", unit]],
    hint: `Its log: journalctl --user -u ${NAME}. To keep it running after you sign out: loginctl enable-linger`,
  };
}

/** systemd expands % and $ inside quotes. */
function quoteForSystemd(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;
}

/** launchd cannot leave out exit codes, so it waits longer before it starts the agent again. */
function launchAgent(spec: ServiceSpec): ServiceDefinition {
  const { command, home, uid } = spec;
  const label = "com.stargraph.agent";
  const path = posix.join(home, "Library/LaunchAgents", `${label}.plist`);
  const log = posix.join(home, "Library/Logs", `${NAME}.log`);
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${label}</string>
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    <string>${escapeXml(word)}</string>\n`).join("")}  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ThrottleInterval</key><integer>60</integer>
  <key>ExitTimeOut</key><integer>${stopSeconds(spec)}</integer>
  <key>StandardOutPath</key><string>${escapeXml(log)}</string>
  <key>StandardErrorPath</key><string>${escapeXml(log)}</string>
</dict>
</plist>
`;
  return {
    file: { path, text },
    stop: [["launchctl", "bootout", `gui/${uid}/${label}`]],
    install: [["launchctl", "bootstrap", `gui/${uid}`, path]],
    uninstall: [],
    hint: `Its log: ${log}`,
  };
}

const escapeXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Without its user's name, only an administrator may create a task that starts at a sign-in. */
function scheduledTask({ command, home, account }: ServiceSpec): ServiceDefinition {
  const [program = "", ...args] = command;
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Star-Graph agent</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>${escapeXml(account)}</UserId></LogonTrigger></Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${escapeXml(account)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${escapeXml(program)}</Command>
      <Arguments>${escapeXml(args.map(quoteForWindows).join(" "))}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
  const path = win32.join(home, ".stargraph-agent", "service.xml");
  return {
    file: { path, text },
    stop: [["schtasks", "/End", "/TN", NAME]],
    install: [
      ["schtasks", "/Create", "/TN", NAME, "/XML", path, "/F"],
      ["schtasks", "/Run", "/TN", NAME],
    ],
    uninstall: [["schtasks", "/Delete", "/TN", NAME, "/F"]],
    hint: `Its state: schtasks /Query /TN ${NAME}`,
  };
}

const quoteForWindows = (word: string): string => (/[\s"]/.test(word) ? `"${word.replaceAll('"', '\\"')}"` : word);

/**
 * How to start this very program again. What `npx` fetched lies in a cache that may be emptied, so there it is npx again, with
 * the version that was looked at.
 */
export function commandOf(node: string, script: string, version: string, npx: string): string[] {
  return /[\\/]_npx[\\/]/.test(script) ? [npx, "--yes", `stargraph-agent@${version}`] : [node, script];
}

const isNpx = (program = ""): boolean => /^npx(\.cmd)?$/.test(program.split(/[\\/]/).at(-1) ?? "");

export const npxBeside = (node: string, platform: NodeJS.Platform): string =>
  platform === "win32" ? win32.join(win32.dirname(node), "npx.cmd") : join(posix.dirname(node), "npx");

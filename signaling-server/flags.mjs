// Flags of commands: each is a variable of the environment in another dress, or a switch.

/**
 * Reads `--name value`, `--name=value` and switches. `flags` says what there is: name → the variable it sets, or true
 * for a switch. Everything wrong becomes a fault that names the flag; what is right is returned beside it.
 */
export function readFlags(args, flags) {
  const variables = {}
  const switches = new Set()
  const faults = []
  for (let i = 0; i < args.length; i++) {
    const [, name, given] = /^--([^=]+)(?:=(.*))?$/s.exec(args[i]) ?? []
    if (args[i] === '-h') switches.add('help')
    else if (name === undefined) {
      faults.push(`There is no argument ${args[i]}. --help says what there is.`)
    } else if (name === 'help' || flags[name] === true) {
      if (given !== undefined) faults.push(`--${name} takes no value; given was "${given}".`)
      switches.add(name)
    } else if (!Object.hasOwn(flags, name)) {
      faults.push(`There is no flag --${name}. --help says what there is.`)
      // What follows may be its value.
      if (given === undefined && isValue(args[i + 1])) i++
    } else if (given !== undefined) variables[flags[name]] = given
    else if (isValue(args[i + 1])) variables[flags[name]] = args[++i]
    else faults.push(`--${name} needs a value.`)
  }
  return { variables, switches, faults }
}

function isValue(arg) {
  return arg !== undefined && !arg.startsWith('--')
}

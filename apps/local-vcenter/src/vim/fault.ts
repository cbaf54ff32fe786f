import { type LocalizableMessage, type ManagedObjectReference, type MethodFault } from '@lib/vi-json';

/** A fault of vim25 on its way to the caller: an HTTP 500, or the end of a task. */
export class VimFault extends Error {
  constructor(
    /** WSDL name. */
    readonly typeName: string,
    /** The localised sentence. */
    message: string,
    /** Its own members; nothing secret. */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** As the body of an HTTP 500 (seen on a live 8.0.3). */
  toBody(): MethodFault {
    return { _typeName: this.typeName, ...this.members, faultstring: this.message };
  }

  /**
   * As data: inline in JSON, as the OpenAPI file prints it, or in SOAP's wrapper. Which of them a real vCenter sends is not
   * established [inferred].
   */
  toData(form: 'inline' | 'wrapped'): object {
    const fault = { _typeName: this.typeName, ...this.members };
    if (form === 'wrapped') {
      return { _typeName: 'LocalizedMethodFault', fault, localizedMessage: this.message };
    }
    const said: LocalizableMessage = {
      _typeName: 'LocalizableMessage',
      key: `com.vmware.vim.fault.${this.typeName}`,
      message: this.message,
    };
    return { ...fault, faultMessage: [said] };
  }
}

/** A parameter that was understood and is wrong. Text as vSphere words it. */
export const invalidArgument = (property: string): VimFault =>
  new VimFault('InvalidArgument', `A specified parameter was not correct: ${property}`, { invalidProperty: property });

/** A property path, or the token of a page, that there is not. */
export const invalidProperty = (name: string): VimFault =>
  new VimFault('InvalidProperty', `A property used in the request is invalid: ${name}`, { name });

/** A call that was not understood at all. What a real vCenter answers to most of these is not established [inferred]. */
export const invalidRequest = (message: string): VimFault => new VimFault('InvalidRequest', message);

export const notAuthenticated = (object: ManagedObjectReference): VimFault =>
  new VimFault('NotAuthenticated', 'The session is not authenticated.', {
    object: { type: object.type, value: object.value },
    privilegeId: 'System.View',
  });

export const notFound = (obj: ManagedObjectReference): VimFault =>
  new VimFault(
    'ManagedObjectNotFound',
    `The object '${obj.type}:${obj.value}' has already been deleted or has not been completely created`,
    { obj },
  );

/**
 * Names the privilege in all the places where clients look for it (8.0: 7.0.3.2 and later). The first sentence is vCenter's
 * own; the second is seen in PowerCLI, and that vCenter says it is inferred.
 */
export const noPermission = (object: ManagedObjectReference, privilegeId: string): VimFault =>
  new VimFault(
    'NoPermission',
    `Permission to perform this operation was denied. Required privilege '${privilegeId}' on managed object with id '${object.value}'.`,
    {
      object,
      privilegeId,
      missingPrivileges: [{ _typeName: 'NoPermissionEntityPrivileges', entity: object, privilegeIds: [privilegeId] }],
    },
  );
